"""Entities and relations on a GPU: those of the CPU, in any batch, thread and precision."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_gliner_biomed.models.gliner import network_shim
from tests.gpu.conftest import RELATIONS, ROUNDING, MakePipeline, assert_same, random_texts
from tests.tiny import tiny_checkpoint

pytestmark = pytest.mark.gpu

KINDS: dict[str, dict[str, Any]] = {
    "bert": {},
    "deberta": {"encoder": "deberta"},
    "token": {"kind": "uni_token", "seed": 33},
    "bi_encoder": {"kind": "bi_span", "seed": 16},
    "lstm": {"num_rnn_layers": 2},
    "deberta_lstm": {"encoder": "deberta", "num_rnn_layers": 1},
    "marker": {"span_mode": "marker"},
    "markerV1": {"span_mode": "markerV1"},
    "markerV2": {"span_mode": "markerV2"},
    "token_spans": {"kind": "uni_token", "represent_spans": True, "seed": 33},
    "mean_of_subtokens": {"subtoken_pooling": "mean"},
    "max_of_subtokens": {"subtoken_pooling": "max"},
    "lstm_before_spans": {"span_encoder_config": {"model_type": "rnn"}},
}


@pytest.fixture(params=KINDS)
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path, **KINDS[request.param])


def test_finds_what_the_cpu_finds(checkpoint: Path, make_pipeline: MakePipeline) -> None:
    nlp, on_cpu = make_pipeline(checkpoint), make_pipeline(checkpoint, "cpu")
    texts = random_texts()
    assert_same(list(nlp.pipe(texts)), list(on_cpu.pipe(texts)))
    assert network_shim(nlp.get_pipe("gliner_biomed").model).device.type == "cuda"


def test_a_text_alone_has_the_entities_that_it_has_in_a_batch(
    checkpoint: Path, make_pipeline: MakePipeline
) -> None:
    nlp = make_pipeline(checkpoint)
    texts = random_texts()
    assert_same([nlp(text) for text in texts], list(nlp.pipe(texts)))


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
def test_hundreds_of_labels(kind: str, tmp_path: Path, make_pipeline: MakePipeline) -> None:
    # On a CPU, these are screened and computed in blocks.
    labels = [f"type {i} cell" for i in range(300 if kind == "bi_span" else 12)]
    checkpoint = tiny_checkpoint(tmp_path, kind=kind, encoder="deberta", seed=16)
    nlp = make_pipeline(checkpoint, labels=labels)
    on_cpu = make_pipeline(checkpoint, "cpu", labels=labels)
    assert_same(list(nlp.pipe(random_texts())), list(on_cpu.pipe(random_texts())))


@pytest.mark.parametrize("layer", ["none", "dot", "gcn", "gat"])
@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_relations(layer: str, kind: str, tmp_path: Path, make_pipeline: MakePipeline) -> None:
    checkpoint = tiny_checkpoint(tmp_path, kind=kind, relations_layer=layer)
    texts = random_texts(longest=20)
    docs = [
        [*make_pipeline(checkpoint, device, relations=RELATIONS).pipe(texts)]
        for device in ("cuda", "cpu")
    ]
    assert_same(*docs)
    found, expected = (
        {
            (d, relation.head.start, relation.tail.start, relation.label): relation.score
            for d, doc in enumerate(of_device)
            for relation in doc._.relations
        }
        for of_device in docs
    )
    assert found.keys() == expected.keys()
    assert found
    for key, score in found.items():
        assert score == pytest.approx(expected[key], abs=ROUNDING)


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "auto"])
def test_16_bits_change_scores_a_little(
    precision: str, checkpoint: Path, make_pipeline: MakePipeline
) -> None:
    exact, rounded = make_pipeline(checkpoint), make_pipeline(checkpoint, precision=precision)
    scores, expected = (
        {
            (d, span.start, span.end, span.label_): score
            for d, doc in enumerate(nlp.pipe(random_texts()))
            for span, score in zip(doc.spans["sc"], doc.spans["sc"].attrs["scores"], strict=True)
        }
        for nlp in (rounded, exact)
    )
    both = scores.keys() & expected.keys()
    assert len(both) > 0.8 * max(len(scores), len(expected)) > 10
    differences = np.array([scores[key] - expected[key] for key in both])
    assert 0 < np.abs(differences).mean() < 0.05


def test_threads_share_a_pipeline(checkpoint: Path, make_pipeline: MakePipeline) -> None:
    nlp = make_pipeline(checkpoint)
    texts = random_texts()
    with ThreadPoolExecutor(8) as threads:
        assert_same(list(threads.map(nlp, texts)), list(nlp.pipe(texts)))


def test_a_pipeline_moves_between_devices(checkpoint: Path, make_pipeline: MakePipeline) -> None:
    nlp, texts = make_pipeline(checkpoint, "cpu"), random_texts()
    component = nlp.get_pipe("gliner_biomed")
    expected = list(nlp.pipe(texts))
    for device in ("cuda", "cpu", "cuda:0"):
        component.device = device
        assert_same(list(nlp.pipe(texts)), expected)
