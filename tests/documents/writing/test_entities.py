from collections.abc import Iterator
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.documents.writing.entities import EntityReader, read_entities
from spacy_gliner_biomed.linking.entities import LinkWriter
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase


@pytest.fixture
def doc() -> Doc:
    """Two spans with scores, of which one is an entity."""
    if not Span.has_extension("kb_ents"):
        Span.set_extension("kb_ents", default=[])
    doc = spacy.blank("en")("aspirin for pain")
    spans = [Span(doc, 0, 1, label="DRUG"), Span(doc, 2, 3, label="DISEASE")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"scores": [0.75, 0.5000004]}, spans=spans)
    doc.ents = spans[:1]
    return doc


@pytest.fixture
def marked() -> Iterator[str]:
    """An attribute with a default that is changed in place."""
    Span.set_extension("marks", default=[], force=True)
    yield "marks"
    Span.remove_extension("marks")


def concepts(doc: Doc, spans_key: str | None = "sc", own_linker: bool = True) -> list[Any]:
    found = read_entities(doc, spans_key, own_linker=own_linker)
    return [(entity.concept_id, entity.concept_score) for entity in found]


def test_an_entity_has_characters_text_label_and_score(doc: Doc) -> None:
    first, second = read_entities(doc, "sc")
    assert (first.start, first.end, first.text, first.label) == (0, 7, "aspirin", "DRUG")
    assert (first.score, first.concept_id, first.concept_score) == (0.75, None, None)
    assert (second.start, second.end, second.text, second.score) == (12, 16, "pain", 0.5)


def test_without_the_component_the_entities_are_those_of_the_doc(doc: Doc) -> None:
    (entity,) = read_entities(doc, None)
    assert (entity.text, entity.label, entity.score) == ("aspirin", "DRUG", None)


@pytest.mark.parametrize("linked", ["sc", None])
def test_concepts_are_those_that_our_linker_wrote(doc: Doc, linked: str | None) -> None:
    candidates = [[("D1", 0.9), ("D2", 0.4)], [("D3", 0.3)]]
    LinkWriter(0.5).write(doc, candidates[: 2 if linked else 1], linked)
    assert concepts(doc) == [("D1", 0.9), (None, None)]  # D3 is below the threshold
    assert concepts(doc, spans_key=None) == [("D1", 0.9)]


def test_concepts_of_scispacy_are_the_best_candidates(doc: Doc) -> None:
    doc.ents[0]._.kb_ents = [("C1", 0.8), ("C2", 0.7)]
    assert concepts(doc, own_linker=False) == [("C1", 0.8), (None, None)]


@pytest.mark.parametrize("own_linker", [True, False])
def test_a_concept_that_a_linker_refused_is_none_whatever_the_pipeline_has(
    doc: Doc, own_linker: bool
) -> None:
    LinkWriter(0.7).write(doc, [[("D1", 0.9)], [("D9", 0.31)]], "sc")
    again = Doc(doc.vocab).from_bytes(doc.to_bytes())  # as in a DocBin of an earlier run
    assert concepts(again, own_linker=own_linker) == [("D1", 0.9), (None, None)]


def test_spans_of_other_components_have_no_score_and_no_candidates(doc: Doc) -> None:
    doc.spans["sc"].attrs["kb_ents"] = [[("D1", 0.9)], [("D3", 0.3)]]
    doc.spans["sc"].append(Span(doc, 1, 2, label="RULE", kb_id="D7"))
    first, second, third = read_entities(doc, "sc")
    assert (first.score, second.score, third.score) == (0.75, 0.5, None)
    assert (third.text, third.concept_id, third.concept_score) == ("for", "D7", None)


def test_if_spans_were_removed_scores_and_candidates_are_nobodys(doc: Doc) -> None:
    doc.spans["sc"] = [Span(doc, 2, 3, label="DISEASE", kb_id="D3")]
    doc.spans["sc"].attrs.update(scores=[0.75, 0.5], kb_ents=[[("D3", 0.9)], [("D3", 0.3)]])
    (entity,) = read_entities(doc, "sc")
    assert (entity.score, entity.concept_id, entity.concept_score) == (None, "D3", None)


def test_concept_id_that_is_no_text_is_refused(doc: Doc) -> None:
    doc.ents[0]._.kb_ents = [("\ud800", 0.9)]
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        concepts(doc, own_linker=False)


def test_attributes_are_read_and_leave_nothing_on_the_doc(doc: Doc, marked: str) -> None:
    doc.spans["sc"][0]._.marks = [doc[0:1], {"n": 1}]
    before = dict(doc.user_data)
    first, second = read_entities(doc, "sc", attributes=[marked])
    assert first.attributes == {"marks": ["aspirin", {"n": 1}]}
    assert second.attributes == {"marks": []}
    assert doc.user_data == before


def linking_pipeline() -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    linker = nlp.add_pipe("gliner_biomed_linker", config={"spans_key": None})
    concept = Concept("MESH:D1", "Acetylsalicylic acid", ["aspirin"])
    linker.load_kb = lambda: [KnowledgeBase.build([concept], name="test")]
    return nlp


def test_preferred_names_are_those_of_the_linkers_knowledge_base() -> None:
    nlp = linking_pipeline()
    reader = EntityReader(nlp)
    (entity,) = reader(nlp("aspirin"))
    assert (entity.concept_id, entity.concept_name) == ("MESH:D1", "Acetylsalicylic acid")
    assert entity.concept_score is not None
    assert 0.9 < entity.concept_score <= 1
    assert reader.linked


def test_names_are_known_where_only_workers_have_loaded_the_knowledge_base() -> None:
    nlp = linking_pipeline()
    doc = spacy.blank("en")("aspirin")
    doc.ents = [Span(doc, 0, 1, label="DRUG", kb_id="MESH:D1")]
    (entity,) = EntityReader(nlp)(doc)
    assert entity.concept_name == "Acetylsalicylic acid"


def test_a_pipeline_without_a_linker_is_not_linked() -> None:
    assert not EntityReader(spacy.blank("en")).linked
