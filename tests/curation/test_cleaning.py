"""Cleaning: gates, near-duplicates, texts of test sets, contradictory labels."""

import sys

import pytest

from spacy_gliner_biomed.curation.cleaning import Gates, contradictions, near_duplicates
from spacy_gliner_biomed.training.corpora import AnnotatedText

GOOD = "Aspirin was given to six patients with fever. They recovered within days."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD, ""),
        ("One two three four five", "sentences"),
        ("Too short.", "words"),
        ("a || b || c || d || e .", "special"),
        ("WE GAVE ASPIRIN TO ALL PATIENTS.", "capitals"),
        ("", "sentences"),
    ],
)
def test_gates_say_why_a_text_does_not_pass(text: str, problem: str) -> None:
    found = Gates().problem(text)
    assert problem in found
    assert bool(found) == bool(problem)


def test_near_duplicates_name_the_first_of_them() -> None:
    near = GOOD.replace("within days", "in days")
    texts = [GOOD, "Quite another text about the genes of mice and men.", near, GOOD]
    assert near_duplicates(texts, cosine=0.6) == [None, None, 0, 0]
    assert near_duplicates(texts, cosine=0.999) == [None, None, None, 0]


def test_texts_of_test_sets_are_not_repeated() -> None:
    assert near_duplicates([GOOD, "Another one about mice."], ["x y z", GOOD]) == [-2, None]


def test_many_texts_are_compared_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_gliner_biomed.curation.cleaning.CHUNK", 3)
    texts = [f"word{i} other{i} third{i}" for i in range(8)]
    assert near_duplicates([*texts, texts[1]]) == [None] * 8 + [1]


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(ImportError, match="GB-E112"):
        near_duplicates(["a"])


def test_contradictions_are_mentions_with_labels_that_exclude_each_other() -> None:
    both, one = ["gene", "protein"], ["gene"]
    texts = [
        AnnotatedText("p53", [(0, 3, "gene")], [], both),
        AnnotatedText("P53", [(0, 3, "protein")], [], both),
        AnnotatedText("ras", [(0, 3, "gene")], [], one),
        AnnotatedText("ras", [(0, 3, "protein")], [], ["protein"]),
        AnnotatedText("myc", [(0, 3, "gene")], [], both),
    ]
    assert contradictions(texts) == [{"mention": "p53", "labels": {"gene": 1, "protein": 1}}]
