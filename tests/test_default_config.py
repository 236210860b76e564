"""`configs/default.cfg` says what the component's defaults are."""

from itertools import pairwise
from pathlib import Path

import spacy
from spacy.cli import app
from spacy.language import Language
from spacy.util import load_config, load_model
from typer.testing import CliRunner

PATH = Path(__file__).parents[1] / "configs" / "default.cfg"
TRAINING_ONLY = {"loss", "label_sampler", "relation_loss", "relation_sampler"}


def test_it_has_every_setting_with_its_default() -> None:
    block = load_config(PATH)["components"]["gliner_biomed"]
    assert spacy.blank("en").has_factory("gliner_biomed")  # loads the entry point
    defaults = Language.get_factory_meta("gliner_biomed").default_config
    expected = {key: value for key, value in defaults.items() if key not in TRAINING_ONLY}
    assert block == {"factory": "gliner_biomed", **expected}


def test_every_setting_has_a_comment() -> None:
    lines = PATH.read_text().split("[components.gliner_biomed]")[1].splitlines()
    without = {"factory", "stride", "scorer", "@misc", "@architectures"}  # said beside, or spaCy's
    for before, line in pairwise(lines):
        name = line.split(" = ")[0]
        if " = " in line and not line.startswith("#") and name not in without:
            assert before.startswith("#"), name


def test_spacy_fills_it_and_assembles_it(tmp_path: Path, uni_span: Path) -> None:
    filled, pipeline = tmp_path / "filled.cfg", tmp_path / "pipeline"
    override = ["--components.gliner_biomed.model.checkpoint", str(uni_span)]
    for command in (["init", "fill-config", PATH, filled], ["assemble", filled, pipeline]):
        extra = override if command[0] == "assemble" else []
        result = CliRunner().invoke(app, [*map(str, command), *extra])
        assert result.exit_code == 0, result.output
    block = load_config(filled)["components"]["gliner_biomed"]
    assert set(block) >= TRAINING_ONLY
    nlp = load_model(pipeline)
    assert nlp.pipe_names == ["gliner_biomed"]
    assert "sc" in nlp("a drug").spans
