"""A resumed training ends with the weights, scores and models of one that ran through."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config_from_str

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.nn.checkpoint_tensors import published_tensors
from spacy_gliner_biomed.pipeline.training_run import STATE_NAME, TrainingRun
from tests.pipeline.test_training import examples_of

CONFIG = """
[nlp]
lang = "en"
pipeline = ["gliner_biomed"]
[components]
[components.gliner_biomed]
factory = "gliner_biomed"
labels = []
[components.gliner_biomed.model]
@architectures = "spacy-gliner-biomed.GLiNER.v1"
checkpoint = {checkpoint}
[components.gliner_biomed.tuning]
@misc = "spacy-gliner-biomed.Tuning.v1"
lora_rank = {lora_rank}
[corpora]
[corpora.train]
@readers = "spacy.Corpus.v1"
path = {docs}
[corpora.dev]
@readers = "spacy.Corpus.v1"
path = {docs}
[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
seed = 0
gpu_allocator = null
max_steps = 8
eval_frequency = 2
dropout = 0.1
patience = {patience}
[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 1
[training.optimizer]
@optimizers = "spacy-gliner-biomed.AdamW.v1"
[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.003
warmup_steps = 2
total_steps = 9
"""


@pytest.fixture
def values(tmp_path: Path, uni_span: Path) -> dict[str, Any]:
    """What the config leaves open."""
    nlp = spacy.blank("en")
    DocBin(docs=[eg.reference for eg in 2 * examples_of(nlp)]).to_disk(tmp_path / "docs.spacy")
    paths = {"docs": tmp_path / "docs.spacy", "checkpoint": uni_span}
    return {**{k: json.dumps(str(v)) for k, v in paths.items()}, "lora_rank": 0, "patience": 0}


def train(output: Path, values: dict[str, Any], config: str = CONFIG) -> tuple[Language, str]:
    """Train to the end; the pipeline, and what was logged."""
    output.mkdir(exist_ok=True)
    nlp = init_nlp(load_config_from_str(config.format(**values), interpolate=False))
    log = io.StringIO()
    TrainingRun(nlp, output).run(log, log)
    return nlp, log.getvalue()


class StoppedError(Exception):
    """Stands for a kill."""


def interrupt(
    output: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch, config: str = CONFIG
) -> None:
    """Train, and stop after the state of step 4 was kept."""
    keep = TrainingRun._keep

    def keep_and_stop(self: TrainingRun, info: dict[str, Any], is_best: bool) -> None:
        keep(self, info, is_best)
        if info["step"] == 4:
            raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "_keep", keep_and_stop)
        with pytest.raises(StoppedError):
            train(output, values, config)


def weights_of(nlp: Language) -> dict[str, torch.Tensor]:
    network = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.network
    return published_tensors(network)


@pytest.mark.parametrize("lora_rank", [0, 2])
def test_a_resumed_training_is_that_of_an_undisturbed_run(
    tmp_path: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch, lora_rank: int
) -> None:
    values["lora_rank"] = lora_rank
    whole, log = train(tmp_path / "whole", values)
    interrupt(tmp_path / "resumed", values, monkeypatch)
    resumed, resumed_log = train(tmp_path / "resumed", values)
    torch.testing.assert_close(weights_of(resumed), weights_of(whole), rtol=0, atol=0)
    assert table(resumed_log) == table(log)
    for name in ("model-best", "model-last"):
        saved = [weights_of(spacy.load(tmp_path / run / name)) for run in ("whole", "resumed")]
        torch.testing.assert_close(*saved, rtol=0, atol=0)


def table(log: str) -> list[str]:
    """The logged rows of steps."""
    return [line for line in log.splitlines() if line.strip()[:1].isdigit()]


def test_it_trains_as_spacy_train_does(tmp_path: Path, values: dict[str, Any]) -> None:
    from spacy.training.loop import train as spacy_train

    ours, log = train(tmp_path / "ours", values)
    nlp = init_nlp(load_config_from_str(CONFIG.format(**values), interpolate=False))
    theirs_log = io.StringIO()
    (tmp_path / "theirs").mkdir()
    theirs, _ = spacy_train(nlp, tmp_path / "theirs", stdout=theirs_log, stderr=theirs_log)
    torch.testing.assert_close(weights_of(ours), weights_of(theirs), rtol=0, atol=0)
    assert table(log) == table(theirs_log.getvalue())


def test_a_finished_training_is_not_trained_again(tmp_path: Path, values: dict[str, Any]) -> None:
    values["patience"] = 3
    first, log = train(tmp_path / "run", values)
    again, again_log = train(tmp_path / "run", values)
    torch.testing.assert_close(weights_of(again), weights_of(first), rtol=0, atol=0)
    assert table(again_log) == table(log)


def test_another_config_is_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    train(tmp_path / "run", values)
    with pytest.raises(ValueError, match=r"GB-E065.*training.optimizer.learn_rate.initial_rate"):
        train(tmp_path / "run", values, CONFIG.replace("0.003", "0.004"))


def test_a_component_whose_state_cannot_be_kept_is_refused(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    config = CONFIG.replace('["gliner_biomed"]', '["gliner_biomed", "textcat"]')
    config += '[components.textcat]\nfactory = "textcat"\n[initialize]\n[initialize.components]\n'
    config += "[initialize.components.textcat]\n"
    config += 'labels = ["A", "B"]\n'
    with pytest.raises(ValueError, match=r"GB-E066.*textcat"):
        train(tmp_path, values, config)
    assert not (tmp_path / STATE_NAME).exists()


def test_only_scores_that_were_computed_are_published(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    config = CONFIG.replace("max_steps = 8", "max_steps = 1")
    nlp, _ = train(tmp_path / "run", values, config + "[training.score_weights]\nents_f = 0.0\n")
    published = nlp.meta["performance"]
    assert "spans_sc_f" in published
    assert "ents_f" not in published, "the gold is in a span group only"
