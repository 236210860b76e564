"""Pairs of entities are chosen and scored; `tests/parity/test_relations.py` compares numbers."""

import pytest
import torch

from spacy_gliner_biomed.nn import relations as module
from spacy_gliner_biomed.nn.relation_scoring import PairMinimum, RelationScorer
from spacy_gliner_biomed.nn.relations import ALL_PAIRS, PAIR_LAYERS
from spacy_gliner_biomed.nn.triple_layers import TRIPLE_LAYERS, TRIPLES

WIDTH = 16
LOW = PairMinimum(torch.full((3,), -torch.inf), -1.0)


def make(layer: str = ALL_PAIRS, triples: str = "") -> RelationScorer:
    torch.manual_seed(0)
    return RelationScorer(layer, triples, WIDTH, 0.0).eval()


def vectors(n_spans: int, n_relations: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    once = torch.ones(n_spans, dtype=torch.long)
    return torch.randn(n_spans, WIDTH), once, torch.randn(n_relations, WIDTH)


@pytest.mark.parametrize("layer", [ALL_PAIRS, *PAIR_LAYERS])
def test_pairs_are_of_two_spans_in_order(layer: str) -> None:
    found = make(layer).select(*vectors(4), LOW)
    assert found.indices.tolist() == [[i, j] for i in range(4) for j in range(4) if i != j]
    assert found.logits.shape == (12, 3)


@pytest.mark.parametrize(("n_spans", "n_relations"), [(0, 3), (1, 3), (4, 0)])
def test_without_pairs_or_relations_nothing_is_found(n_spans: int, n_relations: int) -> None:
    minimum = PairMinimum(LOW.logits[:n_relations], 0.0)
    found = make("gat").select(*vectors(n_spans, n_relations), minimum)
    assert found.indices.shape == (0, 2)
    assert found.logits.shape == (0, n_relations)


def test_only_pairs_above_both_minima_are_selected() -> None:
    scorer, (spans, once, relations) = make("bilinear"), vectors(6)
    every = scorer.select(spans, once, relations, LOW)
    probabilities = scorer.probabilities(spans, once)
    assert probabilities is not None
    logits = torch.tensor([0.1, torch.inf, torch.inf])
    found = scorer.select(spans, once, relations, PairMinimum(logits, 0.5))
    of_pairs = probabilities[every.indices[:, 0], every.indices[:, 1]]
    expected = every.indices[(of_pairs > 0.5) & (every.logits[:, 0] > 0.1)]
    assert 0 < len(expected) < len(every.indices)
    assert found.indices.tolist() == expected.tolist()


@pytest.mark.parametrize("triples", ["", *TRIPLES])
def test_pairs_are_scored_in_parts_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch, triples: str
) -> None:
    scorer, given = make("mlp", triples), vectors(6)
    whole = scorer.select(*given, LOW)
    monkeypatch.setattr(module, "MAX_VALUES", 1)
    monkeypatch.setattr("spacy_gliner_biomed.nn.relation_scoring.MAX_VALUES", 1)
    parts = scorer.select(*given, LOW)
    assert parts.indices.tolist() == whole.indices.tolist()
    torch.testing.assert_close(parts.logits, whole.logits)


@pytest.mark.parametrize("layer", PAIR_LAYERS)
def test_a_repeated_span_counts_several_times_and_is_there_once(layer: str) -> None:
    scorer, (spans, _, _) = make(layer), vectors(3)
    repeats = torch.tensor([1, 2, 1])
    found, full = scorer.probabilities(spans, repeats), scorer.adjacency
    assert found is not None
    assert full is not None
    four = full(spans[[0, 1, 1, 2]])
    torch.testing.assert_close(found, four[[0, 1, 3]][:, [0, 1, 3]])


@pytest.mark.parametrize("triples", ["", *TRIPLES])
def test_sixteen_bits_are_close(triples: str) -> None:
    scorer, (spans, once, relations) = make("gat", triples), vectors(4)
    exact = scorer.select(spans, once, relations, LOW).logits
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = scorer.select(spans.bfloat16(), once, relations.bfloat16(), LOW).logits
    torch.testing.assert_close(rounded.float(), exact, rtol=0.1, atol=0.3)


def test_what_is_not_a_number_is_selected_so_that_it_is_seen() -> None:
    spans, once, relations = vectors(3)
    spans[1] = torch.nan
    high = PairMinimum(torch.full((3,), torch.inf), 0.0)
    assert len(make().select(spans, once, relations, high).indices) == 4


def test_gradients_reach_spans_and_relations() -> None:
    scorer, (spans, once, relations) = make("dot").train(), vectors(3)
    spans.requires_grad_()
    relations.requires_grad_()
    scorer.select(spans, once, relations, LOW).logits.sum().backward()
    for tensor in (spans, relations):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize("triples", TRIPLE_LAYERS)
def test_layers_with_weights_are_trained(triples: str) -> None:
    """Also with one pair, which has no statistics of its own."""
    scorer, (spans, _, relations) = make(ALL_PAIRS, triples).train(), vectors(2)
    scorer.score(spans, torch.tensor([[0, 1]]), relations).pow(2).sum().backward()
    for name, parameter in scorer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert sum(p.grad.abs().sum() for p in scorer.parameters() if p.grad is not None) > 0
