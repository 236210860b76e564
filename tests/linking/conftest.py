"""A small terminology, as concepts and as a file of JSON lines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase

CONCEPTS = [
    Concept("D:1", "Breast Neoplasms", ["Breast Tumors", "Tumor, Breast"], ["disease"], "A lump."),
    Concept("D:2", "Kidney Neoplasms", ["Renal Tumors"], ["disease"]),
    Concept("D:3", "Liver Neoplasms", ["Hepatic Neoplasms", "Liver Tumors"], ["disease"]),
    Concept("D:4", "Hepatolenticular Degeneration", ["Wilson Disease"], ["disease"]),
    Concept("D:5", "Muscular Dystrophy, Duchenne", ["Duchenne Muscular Dystrophy"], ["disease"]),
    Concept("D:6", "Liver Failure", ["Hepatic Failure"], ["disease", "finding"]),
    Concept("C:1", "Penicillamine", ["Cuprimine"], ["drug"]),
    Concept("C:2", "Prednisone", [], ["drug"]),
    Concept("C:3", "Wilson Disease Protein", ["ATP7B", "WD protein"], []),
]


@pytest.fixture
def kb() -> KnowledgeBase:
    return KnowledgeBase.build(CONCEPTS, name="small", version="1", licence="CC0")


@pytest.fixture
def terminology(tmp_path: Path) -> Path:
    """The concepts in scispaCy's form."""
    path = tmp_path / "small.jsonl"
    path.write_text("".join(json.dumps(vars(concept)) + "\n" for concept in CONCEPTS))
    return path


@pytest.fixture
def make_nlp(terminology: Path) -> Callable[..., Language]:
    """Builds a pipeline that marks some words as entities and links them."""

    def make(**config: Any) -> Language:
        nlp = spacy.blank("en")
        ruler = nlp.add_pipe("entity_ruler", config={"validate": True})
        diseases = ["Wilson disease", "WD", "breast tumours", "hepatic failures", "zzz"]
        patterns = [{"label": "disease", "pattern": name} for name in diseases]
        ruler.add_patterns([*patterns, {"label": "drug", "pattern": "penicillamine"}])  # type: ignore[attr-defined]
        loader = {"@misc": "spacy-gliner-biomed.KnowledgeBase.v1", "paths": [str(terminology)]}
        nlp.add_pipe("gliner_biomed_linker", config={"kb": loader, **config})
        return nlp

    return make


TEXT = "Wilson disease (WD) with WD, zzz and hepatic failures: penicillamine."
LINKS = ["D:4", "D:4", "D:4", "", "D:6", "C:1"]


def links(doc: Doc) -> list[str]:
    return [entity.kb_id_ for entity in doc.ents]


def gold(nlp: Language, text: str, spans: list[tuple[int, int, str, str]]) -> Example:
    doc = nlp.make_doc(text)
    doc.set_ents([Span(doc, a, b, label=label, kb_id=kb_id) for a, b, label, kb_id in spans])
    return Example(nlp.make_doc(text), doc)


def initialize(nlp: Language, examples: list[Example]) -> None:
    with nlp.select_pipes(disable="entity_ruler"):  # it would forget its patterns
        nlp.initialize(lambda: examples)
