"""The configs that come with the project: complete, and the few-shot one trains as it says."""

from pathlib import Path

import pytest
import spacy
from spacy import util
from spacy.cli import app
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from typer.testing import CliRunner

from tests.pipeline.test_training import TEXTS, examples_of

CONFIGS = Path(__file__).parents[1] / "configs"
TRAINING = ["packaged.cfg", "packaged_focus.cfg", "few_shot.cfg"]


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_config_is_complete_and_valid(name: str) -> None:
    paths = util.load_config(CONFIGS / name)["paths"]
    overrides = {f"paths.{key}": "somewhere" for key in paths}
    config = util.load_config(CONFIGS / name, overrides=overrides, interpolate=True)
    nlp = util.load_model_from_config(config, auto_fill=True, validate=True)
    assert nlp.pipe_names == ["gliner_biomed"]
    settings = util.registry.resolve(config["training"], schema=ConfigSchemaTraining)
    rate = settings["optimizer"].schedules["learn_rate"]
    last = float(rate(settings["max_steps"]))
    assert last == pytest.approx(0.0, abs=1e-9), "the learning rate must end with the training"


def test_few_documents_are_learnt_with_the_few_shot_config(tmp_path: Path, uni_span: Path) -> None:
    nlp = spacy.blank("en")
    path = tmp_path / "docs.spacy"
    DocBin(docs=[eg.reference for eg in 4 * examples_of(nlp)]).to_disk(path)
    arguments = ["train", str(CONFIGS / "few_shot.cfg"), "--output", str(tmp_path / "out")]
    for key in ("train", "dev"):
        arguments += [f"--paths.{key}", str(path)]
    changes = {  # a random encoder of 16 values a subtoken needs more than a trained one
        "paths.checkpoint": uni_span,
        "components.gliner_biomed.tuning.freeze_embeddings": "false",
        "training.max_steps": 160,
        "training.dropout": 0.0,
        "training.optimizer.scorer_factor": 1.0,
        "training.optimizer.learn_rate.initial_rate": 0.004,
    }
    arguments += [str(text) for key, value in changes.items() for text in (f"--{key}", value)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    doc = spacy.load(tmp_path / "out" / "model-last")(TEXTS[0].text)
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [
        ("aspirin", "drug"),
        ("cancer", "disease"),
    ]
