"""Labels that cannot be found, or not well, are told."""

from collections.abc import Callable
from typing import Any

import pytest
from spacy.language import Language

from spacy_gliner_biomed.pipeline.label_reports import hidden_labels


def label(name: str, prompt: str, threshold: float | None = None) -> dict[str, Any]:
    return {"label": name, "prompt": prompt, "threshold": threshold}


@pytest.mark.parametrize(
    ("labels", "options", "hidden"),
    [
        ([label("A", "x"), label("B", "x")], {}, ["B"]),
        ([label("A", "x"), label("B", "x", 0.9)], {}, ["B"]),
        ([label("A", "x"), label("B", "x")], {"multi_label": True}, []),
        ([label("A", "x"), label("B", "x", 0.3)], {}, []),  # it has the scores from 0.3 to 0.5
        ([label("A", "x", 0.9), label("B", "x")], {}, []),
        ([label("A", "x"), label("A", "y"), label("B", "z")], {}, []),
    ],
)
def test_a_label_with_an_earlier_labels_prompt_is_hidden(
    make_nlp: Callable[..., Language], labels: list[Any], options: dict[str, Any], hidden: list[str]
) -> None:
    settings = make_nlp(labels=labels, **options).get_pipe("gliner_biomed").settings()
    assert [spec.label for spec in hidden_labels(settings)] == hidden


def test_a_hidden_label_is_said_once(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=[label("A", "disease"), label("B", "disease")], threshold=0.1)
    with pytest.warns(UserWarning, match=r"\[GB-W390\] The label 'B' finds nothing"):
        doc = nlp("a disease of the cell")
    assert {span.label_ for span in doc.spans["sc"]} == {"A"}
    nlp("again a disease of the cell")  # a second warning would be an error


@pytest.mark.parametrize("labels", [["Disease", "disease"], ["disease", "disease "]])
def test_a_label_that_reads_as_an_earlier_one_is_hidden(
    make_nlp: Callable[..., Language], labels: list[str]
) -> None:
    nlp = make_nlp(labels=labels, threshold=0.1)
    name = labels[1].strip()
    with pytest.warns(UserWarning, match=rf"\[GB-W390\] The label '{name}' finds nothing"):
        nlp("a disease of the cell")
