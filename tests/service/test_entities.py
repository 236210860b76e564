"""Offsets of any text, through JSON and back."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.writing.entities import Entity, read_entities
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.service.entities import Shape, entities_json, utf16_units
from spacy_gliner_biomed.service.limits import Limits
from tests.service.serving import Client, running

NLP = spacy.blank("en")
NLP.max_length = sys.maxsize
UTF16 = Shape(utf16=True)
# Letters of two directions, characters outside the first plane, joiners, NUL and line ends.
CHARACTERS = "ab é\u0301אב\u202eع😀👩\u200d\U0001d7d8\x00\x1b\n\r\t\u2028\ufeff\u00a0"
any_text = st.text(st.sampled_from(CHARACTERS) | st.characters(exclude_categories=["Cs"]))


def all_tokens(text: str) -> Doc:
    """A Doc in which each token is an entity."""
    doc = NLP.make_doc(text)
    scores = [1 / (1 + i) for i in range(len(doc))]
    group = SpanGroup(doc, name="sc", attrs={"scores": scores})
    for token in doc:
        span = doc[token.i : token.i + 1]
        span.label_ = "x"
        group.append(span)
    doc.spans["sc"] = group
    return doc


def check_entities(text: str, entities: list[dict[str, Any]]) -> None:
    """Check offsets as Python slices a text, and as JavaScript does."""
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in entities:
        assert text[entity["start"] : entity["end"]] == entity["text"]
        piece = units[2 * entity["start_utf16"] : 2 * entity["end_utf16"]]
        assert piece.decode("utf-16-le", "surrogatepass") == entity["text"]


def check_offsets(text: str) -> int:
    """Check the entities of a text after they were JSON, and return their number."""
    found = read_entities(all_tokens(text), "sc")
    entities = json.loads(dump_json(entities_json(text, found, WriterSettings(), UTF16)))
    check_entities(text, entities)
    return len(entities)


@given(any_text)
def test_offsets_of_any_text_survive_json(text: str) -> None:
    assert check_offsets(text) == len(NLP.make_doc(text))


# A megabyte and more, of few words, since the network reads each of them.
LARGE = "the aspirin \x00 " + 350 * ("אב" * 9 + "😀" + " " * 3000) + "of cancer 😀 aspirin"


def test_offsets_of_a_megabyte_survive_json() -> None:
    assert len(LARGE) > 2**20
    assert check_offsets(LARGE) > 350


@pytest.mark.parametrize("concept", [None, "SNOMED:38341003", "OMIM:613659"])
def test_an_entity_has_the_address_of_its_concept_if_it_is_known(concept: str | None) -> None:
    entity = Entity(0, 1, "x", 0.5, "a", concept)
    (found,) = entities_json("a", [entity], WriterSettings(linked=True), Shape())
    assert found["concept_id"] == concept
    url = "https://omim.org/entry/613659" if concept == "OMIM:613659" else None
    assert found.get("concept_url") == url


@given(st.text(st.characters() | st.sampled_from("\ud800\udfff😀")))
def test_units_count_halves_of_pairs_as_one(text: str) -> None:
    units = utf16_units(text)
    expected = [len(text[:i].encode("utf-16-le", "surrogatepass")) // 2 for i in range(len(text))]
    assert units[:-1].tolist() == expected


@pytest.mark.filterwarnings("ignore:.*GB-W00")
@settings(max_examples=30)
@given(any_text)
def test_offsets_of_any_text_survive_the_service(client: Client, text: str) -> None:
    whole = f"aspirin {text} cancer"
    reply = client.annotate(texts=[whole], utf16=True, threshold=0.05)
    check_entities(whole, reply.json()["documents"][0]["entities"])


@pytest.mark.filterwarnings("ignore:.*GB-W00")
def test_offsets_of_a_megabyte_survive_the_service(new_nlp: Callable[..., Language]) -> None:
    limits = Limits(max_characters=2 * 2**20)
    with running(new_nlp(threshold=0.3), limits) as service:
        entities = service.client().entities(LARGE, utf16=True)
    assert entities[-1]["start"] > 2**20
    check_entities(LARGE, entities)
