"""Concept ids and further values of entities: all forms that files have, and what is wrong."""

from typing import Any

import pytest

from spacy_gliner_biomed.training.line_entities import concept_of, join_ids, values_of
from spacy_gliner_biomed.training.record_checks import CONTRADICTORY, Counts


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ({}, ""),
        ({"concept_id": None, "id": ""}, ""),
        ({"concept_id": [], "id": "D2"}, "D2"),
        ({"concept_id": "D1", "id": "T1"}, "D1"),
        ({"id": 0}, "0"),
        ({"concept_id": ["D1", "D2", "D1"]}, "D1,D2"),
        ({"concept_id": [672, " "]}, "672"),
    ],
)
def test_ids_are_one_text(entity: dict[str, Any], expected: str) -> None:
    assert concept_of(entity) == expected


@pytest.mark.parametrize("found", [1.5, True, {"id": "D1"}, [["D1"]], [None]])
def test_other_ids_are_refused(found: Any) -> None:
    with pytest.raises(ValueError, match="must be a text, a whole number or a list"):
        join_ids(found)


def test_further_values_are_all_but_those_of_the_entity_itself() -> None:
    place = {"start": 0, "end": 1, "label": "x", "text": "a"}
    entity = {**place, "concept_id": "D1", "id": "T1", "score": None, "note": None}
    span, other = (0, 1, "x"), (2, 3, "x")
    counts = Counts()
    assert values_of([(span, entity), (other, {**place, "id": "D2"})], counts) == {
        span: {"id": "T1", "note": None}
    }
    again = [(span, {**place, "score": 0.5}), (span, {**place, "score": 0.25, "by": "A"})]
    assert values_of(again, counts) == {span: {"score": 0.5, "by": "A"}}
    assert counts[CONTRADICTORY] == 1
