"""The configs that come with the project: complete, and the few-shot one trains as it says."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy import util
from spacy.cli import app
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from typer.testing import CliRunner

from tests.pipeline.test_training import TEXTS, examples_of

CONFIGS = Path(__file__).parents[1] / "configs"
TRAINING = [
    "packaged.cfg",
    "packaged_focus.cfg",
    "few_shot.cfg",
    "pretrain_silver.cfg",
    "posttrain_mixed.cfg",
]


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_config_is_complete_and_valid(name: str) -> None:
    paths = util.load_config(CONFIGS / name)["paths"]
    overrides = {f"paths.{key}": "somewhere" for key in paths}
    config = util.load_config(CONFIGS / name, overrides=overrides, interpolate=True)
    nlp = util.load_model_from_config(config, auto_fill=True, validate=True)
    assert nlp.pipe_names == ["gliner_biomed"]
    training = nlp.config.interpolate()["training"]
    settings = util.registry.resolve(training, schema=ConfigSchemaTraining)
    assert settings["optimizer"].scorer_factor == 3.0
    schedule = training["optimizer"]["learn_rate"]
    assert schedule["total_steps"] == training["max_steps"], "the rate must end with the training"


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return str(result.output)


def few_shot(tmp_path: Path, checkpoint: Path) -> list[str]:
    """The options that train the few-shot config on documents with gold in span groups."""
    path = tmp_path / "docs.spacy"
    DocBin(docs=[eg.reference for eg in 4 * examples_of(spacy.blank("en"))]).to_disk(path)
    paths = {"train": path, "dev": path, "checkpoint": checkpoint}
    return [str(text) for key, value in paths.items() for text in (f"--paths.{key}", value)]


def test_few_documents_are_learnt_with_the_few_shot_config(tmp_path: Path, uni_span: Path) -> None:
    arguments = ["train", str(CONFIGS / "few_shot.cfg"), "--output", str(tmp_path / "out")]
    changes = {  # a random encoder of 16 values a subtoken needs more than a trained one
        "components.gliner_biomed.tuning.freeze_embeddings": "false",
        "training.max_steps": 160,
        "training.dropout": 0.0,
        "training.optimizer.scorer_factor": 1.0,
        "training.optimizer.learn_rate.initial_rate": 0.004,
    }
    arguments += [str(text) for key, value in changes.items() for text in (f"--{key}", value)]
    run(*arguments, *few_shot(tmp_path, uni_span))
    nlp = spacy.load(tmp_path / "out" / "model-last")
    doc = nlp(TEXTS[0].text)
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [
        ("aspirin", "drug"),
        ("cancer", "disease"),
    ]
    published = nlp.meta["performance"]
    assert published["spans_sc_f"] == 1.0
    assert not any(name.startswith("ents") for name in published), "there was no gold for these"
    assert nlp.resume_training().learn_rate == 0.004, "which has no end that spaCy knows"


def test_spacys_commands_take_the_filled_few_shot_config(tmp_path: Path, uni_span: Path) -> None:
    options = few_shot(tmp_path, uni_span)
    filled = tmp_path / "filled.cfg"
    run("init", "fill-config", CONFIGS / "few_shot.cfg", filled)
    assert "total_steps = ${training.max_steps}" in filled.read_text(encoding="utf8")
    run("debug", "config", filled, *options)
    # With fewer than 100 documents, its status is 1.
    checked = CliRunner().invoke(app, ["debug", "data", str(filled), *options])
    assert "Pipeline can be initialized with data" in checked.output
    assert "Corpus is loadable" in checked.output


def test_a_frozen_component_keeps_its_weights_while_another_learns(
    tmp_path: Path, make_nlp: Callable[..., Language]
) -> None:
    nlp = make_nlp()
    nlp.to_disk(tmp_path / "pipeline")
    docs = [eg.reference for eg in examples_of(nlp)]
    for doc, cats in zip(docs, ({"A": 1.0, "B": 0.0}, {"A": 0.0, "B": 1.0}), strict=True):
        doc.cats = cats
    DocBin(docs=docs).to_disk(tmp_path / "docs.spacy")
    config = util.load_config(CONFIGS / "few_shot.cfg")
    config["nlp"]["pipeline"] = ["gliner_biomed", "textcat"]
    config["components"]["gliner_biomed"] = {"source": str(tmp_path / "pipeline")}
    config["components"]["textcat"] = {"factory": "textcat"}
    config["paths"] = {key: str(tmp_path / "docs.spacy") for key in ("train", "dev")}
    frozen = {"frozen_components": ["gliner_biomed"], "max_steps": 4, "eval_frequency": 2}
    config["training"].update(frozen, optimizer={"@optimizers": "Adam.v1"})
    config["training"]["annotating_components"] = ["gliner_biomed"]
    config.to_disk(tmp_path / "train.cfg")
    arguments = ["train", str(tmp_path / "train.cfg"), "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    trained = spacy.load(tmp_path / "out" / "model-last")
    weights = "gliner_biomed/model/model.safetensors"
    before, after = (tmp_path / folder / weights for folder in ("pipeline", "out/model-last"))
    assert before.read_bytes() == after.read_bytes()
    assert trained.pipe_names == ["gliner_biomed", "textcat"]
