"""The networks: what a row gives does not depend on the rows beside it."""

from typing import Any

import pytest
import torch

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.label_encoding import BiEncoder
from spacy_gliner_biomed.nn.network_base import Network, RowBatch
from spacy_gliner_biomed.nn.networks import TokenNetwork
from tests.tiny import ENCODERS, random_network

SHAPE = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "pad_token_id": 0,
}
BI = {"labels_encoder": "x", "labels_encoder_config": {**SHAPE, **ENCODERS["bert"]}}
KINDS: dict[str, dict[str, Any]] = {
    "uni_span": {"span_mode": "markerV0"},
    "marker": {"span_mode": "marker"},
    "uni_token": {"span_mode": "token_level"},
    "bi_span": BI,
    "markerV1": {"span_mode": "markerV1"},
    "markerV2": {"span_mode": "markerV2"},
    "mean": {"subtoken_pooling": "mean"},
    "max": {"subtoken_pooling": "max"},
    "deberta_context": {"span_encoder_config": {"model_type": "deberta-v2", "hidden_size": 6}},
    "lstm_context": {"span_encoder_config": {"model_type": "rnn"}, "span_mode": "markerV2"},
    "token_spans": {"span_mode": "token_level", "represent_spans": True},
    "bi_token": {**BI, "span_mode": "token_level"},
    "bi_fused": {**BI, "post_fusion_schema": "l2l-l2t-t2t-t2l", "num_post_fusion_layers": 2},
}
ALL_KINDS = pytest.mark.parametrize("kind", KINDS)


def make(kind: str, **values: Any) -> Network:
    encoder = {**SHAPE, **ENCODERS["bert"]}
    raw = {"encoder_config": encoder, "hidden_size": 8, "max_width": 3, "num_rnn_layers": 1}
    raw |= {**KINDS[kind], **values}
    return random_network(NetworkConfig.from_dict(raw), seed=0)


def batch(lengths: list[int], n_words: list[int], holes: dict[int, int] | None = None) -> RowBatch:
    """Rows of two labels at the subtokens 1 and 3, and words from 5 on."""
    rows, size = len(lengths), max(lengths)
    ids = torch.zeros(rows, size, dtype=torch.long)
    words = torch.full((rows, max(n_words)), -1)
    for row, (length, count) in enumerate(zip(lengths, n_words, strict=True)):
        ids[row, :length] = torch.arange(length) % 25 + 2 + row
        words[row, :count] = torch.arange(count) + 5
    for row, word in (holes or {}).items():
        words[row, word] = -1
    mask = torch.arange(size) < torch.tensor(lengths)[:, None]
    labels = torch.tensor([[1, 3]] * rows)
    n_labels = torch.tensor([2] * rows)
    lengths = (words >= 0).long()
    return RowBatch(ids, mask.long(), words, lengths, labels, torch.tensor(n_words), n_labels)


def run(network: Network, rows: RowBatch) -> torch.Tensor:
    with torch.inference_mode():
        if isinstance(network, BiEncoder):
            ids = torch.tensor([[4, 5, 6], [7, 8, 0]])
            labels = network.encode_labels(ids, (ids > 0).long())
            logits: torch.Tensor = network(rows, labels)
        else:
            logits = network(rows)
    return logits


@ALL_KINDS
@pytest.mark.parametrize("values", [{}, {"num_rnn_layers": 0}], ids=["lstm", "no_lstm"])
def test_a_row_alone_gives_what_it_gives_beside_a_longer_one(
    kind: str, values: dict[str, Any]
) -> None:
    network = make(kind, **values)
    together = run(network, batch([9, 15], [3, 7]))
    alone = run(network, batch([9], [3]))
    torch.testing.assert_close(together[:1, :3], alone, rtol=0, atol=1e-5)


@ALL_KINDS
def test_shape_is_words_by_widths_or_words_by_parts(kind: str) -> None:
    shape = tuple(run(make(kind), batch([9, 15], [3, 7])).shape)
    by_parts = {"uni_token": (2, 7, 2, 3), "bi_token": (2, 7, 2, 3), "token_spans": (2, 7, 2, 6)}
    assert shape == by_parts.get(kind, (2, 7, 3, 2))


def test_no_span_beyond_its_row_leaves_the_network() -> None:
    logits = run(make("uni_span"), batch([9, 15], [3, 7]))
    finite = torch.isfinite(logits).all(-1)
    assert finite[0].sum() == 3 + 2 + 1
    assert finite[1].sum() == 7 + 6 + 5


def test_a_token_network_selects_the_spans_that_its_words_show() -> None:
    network, rows = make("token_spans"), batch([9, 15], [3, 7])
    assert isinstance(network, TokenNetwork)
    logits = run(network, rows)  # (B, W, C, 3 + K)
    with torch.inference_mode():
        found = network.select(rows, logits[..., :3].quantile(0.2).expand(1, 2) - 0.01)
    assert found.token_logits is not None
    assert 3 < len(found.indices) < 34
    for (row, first, more), of_span, of_words in zip(*found, strict=True):
        words = logits[row, first : first + more + 1, :, :3]  # (N, C, 3)
        smallest = torch.stack([words[0, :, 0], words[-1, :, 1], words[..., 2].amin(dim=0)])
        shown = ~torch.isneginf(of_words)
        assert shown.any()
        torch.testing.assert_close(of_words[shown], smallest.amin(dim=0)[shown])
        if more < 3:
            torch.testing.assert_close(of_span, logits[row, first, :, 3 + more])


def test_a_hole_is_a_zero_vector_and_moves_no_other_word() -> None:
    network = make("uni_span", num_rnn_layers=0)
    whole = run(network, batch([12], [5]))
    holed = run(network, batch([12], [5], holes={0: 2}))
    same = torch.isclose(whole, holed).all(-1)[0]  # (W, K)
    touched = [(w, k) for w in range(5) for k in range(3) if 2 in (w, w + k) and w + k < 5]
    assert [(w, k) for w in range(5) for k in range(3) if not same[w, k]] == touched


def test_label_vectors_are_means_that_padding_does_not_change() -> None:
    network = make("bi_span")
    assert isinstance(network, BiEncoder)
    ids = torch.tensor([[4, 5, 6], [7, 8, 0]])
    with torch.inference_mode():
        together = network.encode_labels(ids, (ids > 0).long())
        alone = network.encode_labels(ids[1:, :2], torch.ones(1, 2).long())
        states = network.labels_encoder(ids[:1]).last_hidden_state
        published = network.prompt_projection(network.labels_projection(states).mean(1))
    torch.testing.assert_close(together[1:], alone)
    torch.testing.assert_close(together[:1], published)


def test_a_projection_exists_only_between_different_widths() -> None:
    assert isinstance(make("uni_span", hidden_size=16).projection, torch.nn.Identity)
    assert isinstance(make("uni_span", hidden_size=8).projection, torch.nn.Linear)


def test_a_bi_encoder_has_no_lstm() -> None:
    assert make("bi_span", num_rnn_layers=1).lstm is None
