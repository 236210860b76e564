"""spaCy's own commands with the component in the pipeline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.evaluate import evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

TEXTS = [
    "Famotidine-associated delirium was seen in six patients.",
    "The patient was given aspirin for a disease of the cell.",
]


def found(doc: Doc) -> list[tuple[str, str, float]]:
    group = doc.spans["sc"]
    scores = group.attrs["scores"]
    return [(s.text, s.label_, round(p, 4)) for s, p in zip(group, scores, strict=True)]


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def nlp(make_nlp) -> Language:
    return make_nlp()


@pytest.fixture
def gold(tmp_path: Path, nlp: Language) -> Path:
    """What the pipeline finds with a score above 0.8, as gold Docs."""
    options = {"gliner_biomed": {"threshold": 0.8}}
    docs = list(nlp.pipe(TEXTS, component_cfg=options))
    assert any(len(doc.spans["sc"]) for doc in docs)
    path = tmp_path / "gold.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def test_init_fill_config_loads_no_weights(tmp_path):
    base = tmp_path / "base.cfg"
    base.write_text(
        '[nlp]\nlang = "en"\npipeline = ["gliner_biomed"]\n[components]\n'
        '[components.gliner_biomed]\nfactory = "gliner_biomed"\nlabels = ["disease"]\n'
        '[components.gliner_biomed.model]\n@architectures = "spacy-gliner-biomed.GLiNER.v1"\n'
        'checkpoint = "no/where"\n',
        encoding="utf8",
    )
    run("init", "fill-config", base, tmp_path / "config.cfg")
    filled = spacy.util.load_config(tmp_path / "config.cfg")["components"]["gliner_biomed"]
    assert filled["labels"] == ["disease"]
    assert filled["alignment"] == "expand"
    assert filled["model"]["checkpoint"] == "no/where"


def test_init_config_knows_the_component(tmp_path):
    run("init", "config", tmp_path / "config.cfg", "--pipeline", "gliner_biomed")
    config = spacy.util.load_config(tmp_path / "config.cfg")
    assert config["components"]["gliner_biomed"]["factory"] == "gliner_biomed"
    assert config["training"]["score_weights"]["spans_sc_f"] == 1.0


def test_assemble_makes_a_pipeline_that_finds_the_same(tmp_path, nlp):
    nlp.config.to_disk(tmp_path / "config.cfg")
    run("assemble", tmp_path / "config.cfg", tmp_path / "assembled")
    assembled = spacy.load(tmp_path / "assembled")
    assert [found(assembled(text)) for text in TEXTS] == [found(nlp(text)) for text in TEXTS]


def test_evaluate_gives_strict_and_overlap_scores(tmp_path, nlp, gold):
    nlp.to_disk(tmp_path / "model")
    evaluate(str(tmp_path / "model"), gold, output=tmp_path / "scores.json", silent=True)
    scores = evaluate(str(tmp_path / "model"), gold, silent=True)
    assert scores["spans_sc_r"] == scores["spans_sc_overlap_r"] == 1.0
    assert 0 < scores["spans_sc_p"] <= 1
    assert set(scores["spans_sc_per_type"]) <= {"disease", "drug"}
    assert (tmp_path / "scores.json").exists()


def test_find_threshold_changes_the_score(tmp_path, nlp, gold):
    nlp.to_disk(tmp_path / "model")
    best, best_score, all_scores = find_threshold(
        tmp_path / "model",
        gold,
        pipe_name="gliner_biomed",
        threshold_key="threshold",
        scores_key="spans_sc_f",
        n_trials=11,
        silent=True,
    )
    assert best_score == all_scores[best] == 1.0
    assert best == pytest.approx(0.8)
    assert all_scores[0.0] < 1.0
    assert all_scores[1.0] == 0.0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # spaCy writes them so
def test_a_packaged_pipeline_installs_and_finds_the_same(tmp_path, nlp):
    pytest.importorskip("setuptools")  # builds the wheel without a network
    nlp.meta["name"] = "tiny_entities"
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "packages").mkdir()
    run("package", tmp_path / "model", tmp_path / "packages", "--build", "none")
    [source] = (tmp_path / "packages").iterdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *offline, "-w", tmp_path, source], check=True)
    [wheel] = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", *offline, "--target", tmp_path / "site", wheel], check=True)
    code = (
        "import sys, en_tiny_entities as package\n"
        "doc = package.load()(sys.argv[1])\n"
        "print([span.text for span in doc.spans['sc']])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, TEXTS[0]],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "HF_HUB_OFFLINE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == str([text for text, _, _ in found(nlp(TEXTS[0]))])
    [metadata] = (tmp_path / "site").glob("*.dist-info/METADATA")
    assert "Requires-Dist: spacy_gliner_biomed" in metadata.read_text(encoding="utf8")
