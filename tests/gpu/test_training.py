"""Training on a GPU: the steps of the CPU, saved for the CPU, and with spaCy's commands."""

import json
import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.cli import app
from spacy.language import Language
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_gliner_biomed.cli  # noqa: F401  registers the commands
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.models.training_state import random_state, restore_random_state
from tests.gpu.conftest import ROUNDING, MakePipeline, assert_same, random_texts
from tests.gpu.test_prediction import KINDS
from tests.pipeline import test_relation_training as relation_training
from tests.pipeline import test_training_run as training_run
from tests.pipeline.test_training import examples_of
from tests.pipeline.test_training_run import CONFIG
from tests.tiny import tiny_checkpoint

pytestmark = pytest.mark.gpu

LABELS = ["drug", "disease"]
SAMPLERS = {"label_sampler": {"vary": 0.0, "all_negatives": 1.0}}


@pytest.fixture(params=KINDS)
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "checkpoint", **KINDS[request.param])


def weights(nlp: Language) -> dict[str, torch.Tensor]:
    network = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.network
    return {name: weight.detach().cpu().clone() for name, weight in network.named_parameters()}


def config_values(folder: Path, checkpoint: Path) -> dict[str, Any]:
    """What `CONFIG` leaves open, with gold Docs in a folder."""
    nlp = spacy.blank("en")
    DocBin(docs=[eg.reference for eg in 2 * examples_of(nlp)]).to_disk(folder / "docs.spacy")
    paths = {"docs": folder / "docs.spacy", "checkpoint": checkpoint}
    quoted = {key: json.dumps(str(value)) for key, value in paths.items()}
    return {**quoted, "lora_rank": 0, "patience": 0}


def steps(nlp: Language, count: int, rate: float = 1e-3, **options: Any) -> list[float]:
    optimizer, examples = make_adamw(rate, scorer_factor=1.0), examples_of(nlp)
    nlp.initialize(lambda: examples)
    return [
        nlp.update(examples, sgd=optimizer, losses={}, **options)["gliner_biomed"]
        for _ in range(count)
    ]


def test_steps_are_those_of_the_cpu(checkpoint: Path, make_pipeline: MakePipeline) -> None:
    results = []
    for device in ("cuda", "cpu"):
        nlp = make_pipeline(checkpoint, device, labels=LABELS, **SAMPLERS)
        results.append((steps(nlp, 3), weights(nlp)))
    (losses, trained), (expected_losses, expected) = results
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    # Adam's first steps follow the sign of each gradient, which rounding decides near 0.
    same = [torch.isclose(trained[name], expected[name], rtol=0, atol=1e-4) for name in expected]
    assert torch.cat([each.flatten() for each in same]).float().mean() > 0.95


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_learns_and_saves_for_the_cpu(
    precision: str, checkpoint: Path, tmp_path: Path, make_pipeline: MakePipeline
) -> None:
    nlp = make_pipeline(checkpoint, labels=LABELS, precision=precision, **SAMPLERS)
    losses = steps(nlp, 60, rate=2e-3, drop=0.05)
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    nlp.to_disk(tmp_path / "saved")
    on_cpu = {"components": {"gliner_biomed": {"device": "cpu", "precision": "float32"}}}
    loaded = spacy.load(tmp_path / "saved", config=on_cpu)
    assert network_shim(loaded.get_pipe("gliner_biomed").model).device.type == "cpu"
    nlp.get_pipe("gliner_biomed").precision = "float32"
    for example in examples_of(nlp):
        doc, wanted = loaded(example.reference.text), nlp(example.reference.text)
        assert [*map(str, doc.spans["sc"])] == [*map(str, wanted.spans["sc"])]
        scores = doc.spans["sc"].attrs["scores"], wanted.spans["sc"].attrs["scores"]
        np.testing.assert_allclose(*scores, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("layer", ["none", "dot", "gcn", "gat"])
@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_steps_with_relations_are_those_of_the_cpu(layer: str, kind: str, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path, kind=kind, relations_layer=layer)
    losses = []
    for device in ("cuda", "cpu"):
        nlp = relation_training.make_nlp(checkpoint, device=device, relations=["treats", "causes"])
        examples, optimizer = relation_training.examples_of(nlp), make_adamw(1e-3)
        nlp.initialize(lambda examples=examples: examples)
        losses.append([nlp.update(examples, sgd=optimizer, losses={}) for _ in range(4)])
    found, expected = ([each["gliner_biomed"] for each in run] for run in losses)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def pickled(model: GlinerModel) -> GlinerModel:
    copy: GlinerModel = pickle.loads(pickle.dumps(model))
    return copy


@pytest.mark.parametrize("copy", [deepcopy, pickled])
def test_copies_stay_on_the_gpu(copy: Any, checkpoint: Path, make_pipeline: MakePipeline) -> None:
    nlp, texts = make_pipeline(checkpoint), random_texts()
    expected = list(nlp.pipe(texts))
    model = copy(nlp.get_pipe("gliner_biomed").model)
    assert network_shim(model).device.type == "cuda"
    assert next(network_shim(model).checkpoint.network.parameters()).device.type == "cuda"
    other = make_pipeline(checkpoint).from_bytes(nlp.to_bytes())
    assert_same(list(other.pipe(texts)), expected)


def test_random_numbers_of_the_gpu_are_part_of_the_training_state() -> None:
    state = random_state()
    expected = torch.rand(5, device="cuda")
    torch.rand(5, device="cuda")
    restore_random_state(state)
    assert torch.equal(torch.rand(5, device="cuda"), expected)


def test_a_resumed_training_is_that_of_an_undisturbed_run(
    tmp_path: Path, uni_span: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIG.replace("labels = []", 'labels = []\ndevice = "cuda"')
    values = config_values(tmp_path, uni_span)
    whole, _ = training_run.train(tmp_path / "whole", values, config)
    training_run.interrupt(tmp_path / "resumed", values, monkeypatch, config)
    resumed, _ = training_run.train(tmp_path / "resumed", values, config)
    expected = weights(whole)
    for name, weight in weights(resumed).items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("command", [["train"], ["gliner", "train"]])
@pytest.mark.parametrize("lora_rank", [0, 4])
def test_trains_with_the_commands(
    command: list[str], lora_rank: int, tmp_path: Path, uni_span: Path
) -> None:
    pytest.importorskip("cupy", reason="needs CuPy, as spaCy's --gpu-id does")
    config = tmp_path / "train.cfg"
    values = config_values(tmp_path, uni_span) | {"lora_rank": lora_rank}
    config.write_text(CONFIG.format(**values))
    arguments = [*command, str(config), "--output", str(tmp_path / "run"), "--gpu-id", "0"]
    first = CliRunner().invoke(app, [*arguments, "--training.max_steps", "4"])
    assert first.exit_code == 0, first.output
    if command == ["gliner", "train"]:
        again = CliRunner().invoke(app, arguments)  # goes on
        assert again.exit_code == 0, again.output
    loaded = spacy.load(tmp_path / "run" / "model-best")
    assert loaded.get_pipe("gliner_biomed").labels == ("disease", "drug")
