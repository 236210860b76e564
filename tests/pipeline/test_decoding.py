from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.models.collate import spans_by_row
from spacy_gliner_biomed.nn.selection import select_spans
from spacy_gliner_biomed.pipeline.decoding import (
    Overlap,
    choose,
    sigmoid,
    span_candidates,
    threshold_logits,
    token_candidates,
)
from spacy_gliner_biomed.types import Candidates, FloatArray, Row

Entity = tuple[int, int, int]  # start, end (exclusive), label
THRESHOLDS = [0.0, 0.1, 0.3, 0.5, 0.9]


def candidates_of(
    logits: FloatArray, thresholds: FloatArray, *, multi_label: bool = True
) -> Candidates:
    """Candidates of all logits of a row. # (W, K, C)"""
    lowest = torch.from_numpy(threshold_logits(thresholds))[None]
    spans = select_spans(torch.from_numpy(logits)[None], lowest)
    none = np.zeros(0, dtype=np.int32)
    row = Row(none, none, none, none, ["label"] * len(thresholds))
    [found] = spans_by_row(spans, [row])
    return span_candidates(found, thresholds, multi_label=multi_label)


def candidates(*spans: tuple[int, int, int, float]) -> Candidates:
    starts, ends, labels, scores = np.array(spans, dtype=np.float64).reshape(-1, 4).T
    return Candidates(
        starts.astype(np.int32),
        ends.astype(np.int32),
        labels.astype(np.int32),
        scores.astype(np.float32),
    )


def entities(found: Candidates) -> list[Entity]:
    columns = (found.starts.tolist(), found.ends.tolist(), found.labels.tolist())
    return list(zip(*columns, strict=True))


def kept(found: Candidates, overlap: Overlap = "flat", multi_label: bool = False) -> list[Entity]:
    return entities(found.take(choose(found, overlap=overlap, multi_label=multi_label)))


def conflict(a: Entity, b: Entity, overlap: Overlap, multi_label: bool) -> bool:
    """GLiNER's rule, with the one addition that no entity is found twice."""
    if a[:2] == b[:2]:
        return not multi_label or a[2] == b[2]
    if a[1] <= b[0] or b[1] <= a[0]:
        return False
    nested = (a[0] <= b[0] and b[1] <= a[1]) or (b[0] <= a[0] and a[1] <= b[1])
    return not (overlap == "nested" and nested)


def naive_choice(found: Candidates, overlap: Overlap, multi_label: bool) -> list[Entity]:
    accepted: list[Entity] = []
    for _, entity in sorted(zip((-found.scores).tolist(), entities(found), strict=True)):
        if not any(conflict(entity, other, overlap, multi_label) for other in accepted):
            accepted.append(entity)
    return sorted(accepted, key=lambda entity: entity[0])


@st.composite
def any_candidates(draw: st.DrawFn) -> Candidates:
    """Spans of a short text with many ties and repetitions."""
    span = st.tuples(
        st.integers(0, 12), st.integers(1, 6), st.integers(0, 2), st.sampled_from([0.2, 0.5, 0.9])
    )
    spans = draw(st.lists(span, max_size=60))
    return candidates(*((start, start + width, label, p) for start, width, label, p in spans))


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("overlap", ["flat", "nested"])
@given(found=any_candidates())
def test_choice_is_that_of_comparing_each_with_each(
    overlap: Overlap, multi_label: bool, found: Candidates
) -> None:
    assert kept(found, overlap, multi_label) == naive_choice(found, overlap, multi_label)


@pytest.mark.parametrize("overlap", ["flat", "nested"])
def test_nothing_is_chosen_of_nothing(overlap: Overlap) -> None:
    chosen = choose(Candidates.join([]), overlap=overlap, multi_label=True)
    assert chosen.tolist() == []
    assert Candidates.join([]).take(chosen).scores.tolist() == []


def test_the_best_of_overlapping_spans_is_kept_and_order_is_by_start() -> None:
    found = candidates((4, 6, 0, 0.6), (0, 2, 0, 0.7), (1, 3, 0, 0.8), (3, 4, 1, 0.9))
    assert kept(found) == [(1, 3, 0), (3, 4, 1), (4, 6, 0)]


def test_nested_keeps_containment_and_shared_borders_but_no_crossing() -> None:
    found = candidates((0, 4, 0, 0.9), (0, 2, 0, 0.8), (1, 3, 0, 0.7), (3, 5, 0, 0.6))
    assert kept(found, "nested") == [(0, 4, 0), (0, 2, 0)]


def test_a_wide_span_is_kept_around_narrow_ones_that_do_not_cross_it() -> None:
    found = candidates((1, 2, 0, 0.9), (3, 5, 0, 0.8), (0, 6, 0, 0.7), (0, 4, 0, 0.6))
    assert kept(found, "nested") == [(0, 6, 0), (1, 2, 0), (3, 5, 0)]


def test_ties_go_to_the_earlier_start_then_the_narrower_span_then_the_earlier_label() -> None:
    assert kept(candidates((1, 2, 0, 0.5), (0, 2, 1, 0.5))) == [(0, 2, 1)]
    assert kept(candidates((0, 3, 0, 0.5), (0, 2, 1, 0.5))) == [(0, 2, 1)]
    assert kept(candidates((0, 2, 1, 0.5), (0, 2, 0, 0.5))) == [(0, 2, 0)]


def test_labels_of_one_span_are_in_order_of_their_score() -> None:
    found = candidates((0, 2, 0, 0.5), (0, 2, 1, 0.9), (0, 2, 2, 0.7))
    assert kept(found, multi_label=True) == [(0, 2, 1), (0, 2, 2), (0, 2, 0)]
    assert kept(found, multi_label=False) == [(0, 2, 1)]


def test_an_entity_that_was_found_twice_is_kept_once_with_its_best_score() -> None:
    found = candidates((0, 2, 0, 0.5), (0, 2, 0, 0.9))
    assert choose(found, overlap="nested", multi_label=True).tolist() == [1]


def test_probabilities_of_extreme_logits_are_finite() -> None:
    logits = np.array([-np.inf, -1000, -88, 0, 88, 1000, np.inf], dtype=np.float32)
    scores = sigmoid(logits)
    assert scores.dtype == np.float32
    assert scores[3:].tolist() == [0.5, 1.0, 1.0, 1.0]
    assert (scores[:3] < 1e-30).all()


def test_a_logit_that_is_not_a_number_is_an_error() -> None:
    logits = np.zeros((2, 2, 2), dtype=np.float32)
    logits[1, 0, 1] = np.nan
    with pytest.raises(ValueError, match="E036"):
        candidates_of(logits, np.array([0.5, 0.5], dtype=np.float32))


def test_a_score_that_equals_its_labels_threshold_is_not_found() -> None:
    logits = np.zeros((1, 1, 3), dtype=np.float32)
    found = candidates_of(logits, np.array([0.5, 0.4999, 0.6], dtype=np.float32))
    assert entities(found) == [(0, 1, 1)]


def test_spans_beyond_the_row_are_not_found_even_at_threshold_0() -> None:
    logits = np.full((3, 2, 1), -50, dtype=np.float32)
    logits[2, 1] = -np.inf
    found = candidates_of(logits, np.zeros(1, dtype=np.float32))
    assert entities(found) == [(0, 1, 0), (0, 2, 0), (1, 2, 0), (1, 3, 0), (2, 3, 0)]


@pytest.mark.parametrize("shape", [(0, 4, 2), (3, 4, 0)])
def test_no_words_or_no_labels_have_no_spans(shape: tuple[int, ...]) -> None:
    logits = np.zeros(shape, dtype=np.float32)
    assert len(candidates_of(logits, np.zeros(shape[2], dtype=np.float32))) == 0


def token_logits(*words: tuple[float, float, float]) -> FloatArray:
    """Logits of one label from start, end and inside probabilities. # (W, 1, 3)"""
    p = np.array(words, dtype=np.float64)[:, None]
    return np.log(p / (1 - p)).astype(np.float32)


HALF = np.array([0.5], dtype=np.float32)


def test_a_token_span_scores_the_least_of_its_start_end_and_insides() -> None:
    logits = token_logits((0.9, 0.1, 0.8), (0.1, 0.1, 0.7), (0.1, 0.95, 0.99))
    found = token_candidates(logits, HALF)
    assert entities(found) == [(0, 3, 0)]
    assert found.scores[0] == pytest.approx(0.7)


def test_a_token_span_does_not_cross_a_gap() -> None:
    logits = token_logits((0.9, 0.6, 0.8), (0.1, 0.1, 0.4), (0.1, 0.9, 0.9))
    assert entities(token_candidates(logits, HALF)) == [(0, 1, 0)]


def test_an_inside_that_equals_the_threshold_is_no_gap() -> None:
    logits = token_logits((0.9, 0.1, 0.5), (0.1, 0.9, 0.5))
    assert entities(token_candidates(logits, HALF)) == [(0, 2, 0)]


def test_a_token_span_is_not_limited_in_width() -> None:
    logits = token_logits((0.9, 0.1, 0.8), *[(0.1, 0.1, 0.9)] * 98, (0.1, 0.9, 0.8))
    assert entities(token_candidates(logits, HALF)) == [(0, 100, 0)]


@pytest.mark.parametrize("shape", [(0, 2, 3), (3, 0, 3)])
def test_no_words_or_no_labels_have_no_token_spans(shape: tuple[int, ...]) -> None:
    logits = np.zeros(shape, dtype=np.float32)
    assert len(token_candidates(logits, np.zeros(shape[1], dtype=np.float32))) == 0


@pytest.fixture(scope="module")
def upstream() -> Any:
    return pytest.importorskip("gliner.decoding.decoder")


def decode_upstream(decoder: Any, logits: FloatArray, n_labels: int, **options: Any) -> Candidates:
    """What GLiNER's decoder finds in the logits of one text, at any threshold and overlap."""
    torch = pytest.importorskip("torch")
    (spans,) = decoder(SimpleNamespace()).decode(
        [["word"] * len(logits)],
        {i + 1: str(i) for i in range(n_labels)},
        torch.from_numpy(logits)[None],
        **options,
    )
    return candidates(*((s.start, s.end + 1, int(s.entity_type), s.score) for s in spans))


def assert_equal(found: Candidates, expected: Candidates) -> None:
    assert entities(found) == entities(expected)
    assert found.scores == pytest.approx(expected.scores, abs=1e-6)


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("overlap", ["flat", "nested"])
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("n_words", [1, 3, 32])
def test_entities_of_span_logits_are_those_of_the_gliner_package(
    upstream: Any, n_words: int, threshold: float, overlap: Overlap, multi_label: bool
) -> None:
    generator = np.random.default_rng(n_words)
    logits = generator.normal(0, 3, (n_words, 4, 8)).astype(np.float32).round(1)  # many ties
    expected = decode_upstream(
        upstream.SpanDecoder,
        logits,
        n_labels=8,
        threshold=threshold,
        flat_ner=overlap == "flat",
        multi_label=multi_label,
    )
    beyond = np.add.outer(np.arange(n_words), np.arange(4)) >= n_words
    logits[beyond] = -np.inf  # as our networks give them; upstream's decoder looks at the words
    found = candidates_of(logits, np.full(8, threshold, dtype=np.float32))
    assert_equal(found.take(choose(found, overlap=overlap, multi_label=multi_label)), expected)


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("overlap", ["flat", "nested"])
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("n_words", [1, 3, 32])
def test_entities_of_token_logits_are_those_of_the_gliner_package(
    upstream: Any, n_words: int, threshold: float, overlap: Overlap, multi_label: bool
) -> None:
    generator = np.random.default_rng(n_words)
    logits = generator.normal(1, 2, (n_words, 3, 3)).astype(np.float32)
    expected = decode_upstream(
        upstream.TokenDecoder,
        logits,
        n_labels=3,
        threshold=threshold,
        flat_ner=overlap == "flat",
        multi_label=multi_label,
    )
    found = token_candidates(logits, np.full(3, threshold, dtype=np.float32))
    assert_equal(found.take(choose(found, overlap=overlap, multi_label=multi_label)), expected)


def test_the_comparison_with_the_gliner_package_sees_ties_and_overlaps() -> None:
    logits = np.random.default_rng(32).normal(0, 3, (32, 4, 8)).astype(np.float32).round(1)
    found = candidates_of(logits, np.full(8, 0.5, dtype=np.float32))
    assert len(np.unique(found.scores)) < len(found) / 3
    assert len(kept(found)) < len(kept(found, "nested")) < len(found) / 3


@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 3.0, 40.0]),
    overlap=st.sampled_from(["flat", "nested"]),
    thresholds=st.lists(
        st.sampled_from([0.0, 1e-8, 0.1, 0.5, 0.9, 0.999999, 1.0]), min_size=3, max_size=3
    ),
)
def test_candidates_are_all_probabilities_above_thresholds_and_best_labels_decide_alone(
    seed: int, scale: float, overlap: Overlap, thresholds: list[float]
) -> None:
    logits = np.random.default_rng(seed).normal(0, scale, (6, 3, 3)).astype(np.float32)
    logits[np.arange(6)[:, None] + np.arange(3) >= 6] = -np.inf
    lowest = np.array(thresholds, dtype=np.float32)
    every = candidates_of(logits, lowest)
    above = (sigmoid(logits) > lowest) & (logits > -np.inf)
    assert {(s, e - s - 1, c) for s, e, c in entities(every)} == {
        tuple(place) for place in np.argwhere(above).tolist()
    }
    best = candidates_of(logits, lowest, multi_label=False)
    assert kept(best, overlap) == kept(every, overlap)
