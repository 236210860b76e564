"""Cleaning: gates, and contradictory labels."""

from typing import Any

import pytest

from spacy_gliner_biomed.curation.cleaning import Contradictions, Gates
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


def contradictions(texts: list[AnnotatedText]) -> list[dict[str, Any]]:
    found = Contradictions()
    for text in texts:
        found.see(text)
    for text in texts:
        found.count(text)
    return found.found()


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


def test_what_has_one_label_only_is_not_counted() -> None:
    found = Contradictions()
    text = AnnotatedText("p53 and ras", [(0, 3, "gene"), (8, 11, "gene")], [], ["gene"])
    found.see(text)
    found.count(text)
    assert not found.uses
    assert found.found() == []
