import numpy as np
import pytest

from spacy_gliner_biomed.curation.annotation_order import (
    BestCandidates,
    Candidate,
    OrderSettings,
    propose,
    uncertainty_of,
)
from spacy_gliner_biomed.types import ScoredSpan


def spans(*scores: float) -> list[ScoredSpan]:
    return [ScoredSpan(i, i + 1, "drug", score) for i, score in enumerate(scores)]


def candidate(key: int, uncertainty: float, *vector: float) -> Candidate:
    return Candidate(key, f"text {key}", uncertainty, np.array(vector, dtype=np.float32))


def keys_of(candidates: list[Candidate], **weights: float) -> list[int]:
    pool = np.stack([each.vector for each in candidates])
    settings = OrderSettings(count=len(candidates), **weights)
    found = propose(candidates, pool, np.zeros(len(pool), dtype=np.float32), settings)
    return [each.candidate.key for each in found]


def test_uncertainty_is_entropy_in_bits_a_word() -> None:
    assert uncertainty_of(spans(0.5), 40) == pytest.approx(1 / 40)
    assert uncertainty_of(spans(0.5, 0.25), 100) == pytest.approx(0.01811278, abs=1e-6)
    assert uncertainty_of(spans(0.9), 40) == uncertainty_of(spans(0.1), 40)
    assert uncertainty_of(spans(1.0, 0.0), 40) < 1e-6
    assert uncertainty_of([], 40) == 0


def test_a_very_short_text_does_not_win_by_its_length() -> None:
    assert uncertainty_of(spans(0.5), 1) == uncertainty_of(spans(0.5), 20) == 0.05


def test_coverage_takes_one_of_each_cluster_before_a_second_one() -> None:
    candidates = [
        candidate(1, 0.0, 1.0, 0.0),
        candidate(2, 0.0, 1.0, 0.0),
        candidate(3, 0.0, 1.0, 0.0),
        candidate(4, 0.0, 0.0, 1.0),
    ]
    assert keys_of(candidates, uncertainty=0, coverage=1)[:2] == [1, 4]


def test_uncertainty_alone_sorts_and_equal_ones_keep_their_order() -> None:
    candidates = [candidate(i, u, 1.0, 0.0) for i, u in enumerate((0.1, 0.3, 0.2, 0.3))]
    assert keys_of(candidates, uncertainty=1, coverage=0) == [1, 3, 2, 0]


def test_weights_decide_between_the_two() -> None:
    # The unsure document is like no other; the others are three of a kind.
    candidates = [candidate(1, 1.0, 0.0, 1.0), *(candidate(k, 0.5, 1.0, 0.0) for k in (2, 3, 4))]
    assert keys_of(candidates, uncertainty=1, coverage=0.1)[0] == 1
    assert keys_of(candidates, uncertainty=1, coverage=2)[0] == 2


def test_the_gain_is_what_a_document_adds_to_the_mean_similarity() -> None:
    candidates = [candidate(1, 0.0, 1.0, 0.0), candidate(2, 0.0, 0.6, 0.8)]
    pool = np.stack([each.vector for each in candidates])
    covered = np.array([0.8, 0.0], dtype=np.float32)
    found = propose(candidates, pool, covered, OrderSettings(count=2, uncertainty=0))
    assert [each.candidate.key for each in found] == [2, 1]
    assert [each.gain for each in found] == pytest.approx([1.0 / 2, 0.2 / 2], abs=1e-6)
    assert covered.tolist() == [1.0, 1.0]


def test_the_best_are_kept_whatever_their_order() -> None:
    numbers = np.random.default_rng(0).permutation(50)
    for order in (numbers, numbers[::-1]):
        best = BestCandidates(5)
        for number in order.tolist():
            best.offer(number // 2, candidate(number, 0.0))
        assert [each.key for each in best] == [45, 46, 47, 48, 49]
        assert best.keys == {45, 46, 47, 48, 49}
        assert len(best.heap) == 5


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"count": 0}, "GB-E030"),
        ({"sample": 0}, "GB-E030"),
        ({"uncertainty": -1.0}, "GB-E030"),
        ({"coverage": float("nan")}, "GB-E030"),
        ({"uncertainty": 0.0, "coverage": 0.0}, "GB-E342"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, float], code: str) -> None:
    with pytest.raises(ValueError, match=code):
        OrderSettings(**values)
