"""Further values of the entities of Docs: where they are, and whose they are."""

from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.training.entity_values import read_entity_values, write_entity_values

FIRST, SECOND = (0, 1, "x"), (2, 3, "y")


@pytest.fixture
def doc() -> Doc:
    made = spacy.blank("en")("a b")
    spans = [Span(made, 0, 1, label="x", kb_id="D1"), Span(made, 1, 2, label="y")]
    made.spans["sc"] = SpanGroup(made, name="sc", spans=spans)
    return made


def test_scores_of_all_entities_are_those_of_the_pipeline(doc: Doc) -> None:
    values: dict[Any, Any] = {FIRST: {"score": 1, "by": "A"}, SECOND: {"score": 0.5}}
    write_entity_values(doc, values, "sc")
    assert doc.spans["sc"].attrs == {"scores": [1.0, 0.5], "entity_values": [{"by": "A"}, {}]}
    assert read_entity_values(doc, "sc") == values


def test_scores_of_some_entities_are_kept_beside_those_of_the_pipeline(doc: Doc) -> None:
    write_entity_values(doc, {SECOND: {"score": 0.5}}, "sc")
    assert "scores" not in doc.spans["sc"].attrs
    assert read_entity_values(doc, "sc") == {SECOND: {"score": 0.5}}


def test_spans_that_were_appended_have_none(doc: Doc) -> None:
    doc.spans["sc"].attrs.update(scores=[0.5], kb_ents=[[("D2", 0.3), ("D1", 0.2)]])
    assert read_entity_values(doc, "sc") == {FIRST: {"score": 0.5, "concept_score": 0.2}}
    doc.spans["sc"].attrs["scores"] = [0.5, 0.5, 0.5]  # of a span that was removed
    assert read_entity_values(doc, "sc") == {FIRST: {"concept_score": 0.2}}


def test_custom_attributes_are_values_and_values_of_another_form_are_not(doc: Doc) -> None:
    stored: dict[Any, Any] = doc.user_data
    stored["._.", "negex", 0, 1] = True
    stored["._.", "of_the_doc", None, None] = 1
    doc.spans["sc"].attrs.update(scores=["high", None], entity_values=[1, "a"], kb_ents=[["D1"]])
    assert read_entity_values(doc, "sc") == {FIRST: {"negex": True}}
    doc.set_ents([Span(doc, 0, 1, label="z")])
    assert read_entity_values(doc, "other") == {(0, 1, "z"): {"negex": True}}
