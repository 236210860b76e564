"""Statistics of paired differences, and of the accuracy of silver labels."""

import pytest

from benchmarks.curation.llm_accuracy import score
from benchmarks.curation.paired import differences, interval, seed_differences, seed_means, shown
from spacy_gliner_biomed.training.corpora import AnnotatedText


def test_only_what_both_have_is_compared() -> None:
    scores = {("a", 0): 5.0, ("a", 1): 7.0, ("b", 0): 1.0}
    others = {("a", 0): 4.0, ("a", 1): 8.0, ("b", 1): 9.0}
    assert differences(scores, others) == [1.0, -1.0]


def test_the_interval_is_that_of_students_t() -> None:
    # 1, 2, 3, 4, 5: mean 3, deviation 1.5811, error 0.7071, t with 4 degrees of freedom 2.776
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx((3.0, 1.9629), abs=1e-4)
    assert interval([1.0]) is None
    mean, half = interval([0.0, 1.0] * 50) or (0, 0)
    assert (mean, half) == pytest.approx((0.5, 1.96 * 0.050252), abs=1e-4)
    assert shown([1.0, 2.0, 3.0, 4.0, 5.0]) == "+3.0 ± 2.0"
    assert shown([]) == "-"


def test_each_seed_is_one_observation_and_must_have_all_corpora() -> None:
    values = {("a", 0): 1.0, ("b", 0): 3.0, ("a", 1): 5.0}
    assert seed_means(values) == {("mean", 0): 2.0}
    assert seed_means({}) == {}


def test_seeds_are_compared_on_the_corpora_that_both_have() -> None:
    scores = {("a", 0): 1.0, ("b", 0): 3.0, ("a", 1): 5.0, ("b", 1): 5.0}
    others = {("a", 0): 2.0, ("a", 1): 7.0, ("c", 0): 100.0, ("c", 1): 100.0}
    assert seed_differences(scores, others) == [-1.0, -2.0]


def test_precision_and_recall_count_failed_sentences_as_empty() -> None:
    texts = [
        AnnotatedText("gout and flu", [(0, 4, "disease"), (9, 12, "disease")], [], ["disease"]),
        AnnotatedText("gout", [(0, 4, "disease")], [], ["disease"]),
        AnnotatedText("none", [], [], ["disease"]),
    ]
    entities = [{"start": 0, "end": 4, "label": "disease"}]
    found = {"0": entities, "2": entities}
    assert score(texts, found) == {"precision": 50.0, "recall": 33.3, "f": 40.0}
