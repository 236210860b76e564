"""Links of other components, which a linker leaves, and its own, which it replaces."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

TEXT = "aspirin for migraine or gout"
SPANS = {"aspirin": (0, 1, "drug"), "migraine": (2, 3, "disease"), "gout": (4, 5, "disease")}
DISEASES = [{"label": "disease"}]


@pytest.fixture
def add_linker(tmp_path: Path) -> Callable[..., Any]:
    """Adds a linker to the concepts of a table."""

    def add(nlp: Language, rows: str, name: str = "linker", **config: Any) -> Any:
        path = tmp_path / f"{name}.csv"
        path.write_text(f"id,name\n{rows}\n")
        loader = {"@misc": "spacy-gliner-biomed.KnowledgeBase.v1", "paths": [str(path)]}
        return nlp.add_pipe("gliner_biomed_linker", name=name, config={"kb": loader, **config})

    return add


def make_doc(nlp: Language, spans_key: str | None, **ids: str) -> Doc:
    """A Doc with entities in `doc.ents`, and in the group if one is named."""
    doc = nlp.make_doc(TEXT)
    spans = [Span(doc, *span, kb_id=ids.get(name, "")) for name, span in SPANS.items()]
    doc.set_ents(spans)
    if spans_key:
        doc.spans[spans_key] = SpanGroup(doc, name=spans_key, spans=spans)
    return doc


def links(doc: Doc, spans_key: str | None) -> list[str]:
    ids = [span.kb_id_ for span in doc.ents]
    if spans_key:
        assert [span.kb_id_ for span in doc.spans[spans_key]] == ids
    return ids


def candidates(doc: Doc, spans_key: str | None) -> list[list[str]]:
    found = [[name for name, _ in span._.kb_ents] for span in doc.ents]
    if spans_key:
        ranked = doc.spans[spans_key].attrs["kb_ents"]
        assert [[name for name, _ in each] for each in ranked] == found
    return found


@pytest.mark.parametrize("key", [None, "sc"])
def test_a_second_linker_leaves_the_links_of_the_first(
    add_linker: Callable[..., Any], key: str | None
) -> None:
    nlp = spacy.blank("en")
    add_linker(nlp, "A:1,aspirin", "drugs", spans_key=key, labels=[{"label": "drug"}])
    add_linker(nlp, "B:1,migraine", "diseases", spans_key=key, labels=DISEASES)
    doc = nlp(make_doc(nlp, key))
    for _ in range(2):  # running the pipeline again changes nothing
        assert links(doc, key) == ["A:1", "B:1", ""]
        assert candidates(doc, key) == [["A:1"], ["B:1"], []]
        doc = nlp(doc)


@pytest.mark.parametrize("key", [None, "sc"])
def test_without_rules_it_leaves_what_it_does_not_find(
    add_linker: Callable[..., Any], key: str | None
) -> None:
    nlp = spacy.blank("en")
    add_linker(nlp, "A:1,aspirin\nA:2,gout", "first", spans_key=key)
    add_linker(nlp, "B:1,migraine\nB:2,gout", "second", spans_key=key)
    doc = nlp(make_doc(nlp, key))
    assert links(doc, key) == ["A:1", "B:1", "B:2"]
    assert candidates(doc, key) == [["A:1"], ["B:1"], ["B:2"]]


@pytest.mark.parametrize("key", [None, "sc"])
@pytest.mark.parametrize("rules", [[], DISEASES])
def test_ids_of_a_rule_component_stay_where_nothing_is_found(
    add_linker: Callable[..., Any], key: str | None, rules: list[Any]
) -> None:
    nlp = spacy.blank("en")
    add_linker(nlp, "B:1,migraine\nB:2,asthma", spans_key=key, labels=rules)
    doc = make_doc(nlp, key, aspirin="LOCAL:7", migraine="LOCAL:8", gout="B:2")
    for _ in range(2):
        doc = nlp(doc)
        assert links(doc, key) == ["LOCAL:7", "B:1", "B:2"]
        assert candidates(doc, key) == [[], ["B:1"], []]


def test_ids_of_an_entity_ruler_stay(add_linker: Callable[..., Any]) -> None:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "drug", "pattern": "aspirin", "id": "brand-1"}])
    add_linker(nlp, "A:1,aspirin")
    (entity,) = nlp(TEXT).ents
    assert (entity.kb_id_, entity.ent_id_) == ("A:1", "brand-1")


@pytest.mark.parametrize("key", [None, "sc"])
def test_its_own_earlier_links_are_replaced(
    add_linker: Callable[..., Any], key: str | None
) -> None:
    nlp = spacy.blank("en")
    linker = add_linker(nlp, "A:1,Aspirin\nA:2,gout", spans_key=key)
    doc = nlp(make_doc(nlp, key))
    assert links(doc, key) == ["A:1", "", "A:2"]
    linker.threshold = 1
    doc = nlp(doc)
    assert links(doc, key) == ["", "", "A:2"]
    assert candidates(doc, key) == [[], [], ["A:2"]]


def test_an_entity_that_is_not_in_the_group_stays(add_linker: Callable[..., Any]) -> None:
    nlp = spacy.blank("en")
    add_linker(nlp, "A:1,aspirin\nA:2,gout", spans_key="sc")
    doc = make_doc(nlp, None, gout="LOCAL:7")
    doc.spans["sc"] = [Span(doc, *SPANS["aspirin"])]
    assert links(nlp(doc), None) == ["A:1", "", "LOCAL:7"]
