"""Annotated Docs, given and random, and what writers make of them."""

from datetime import datetime, timezone
from io import BytesIO
from typing import Any

import spacy
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import WriterSettings

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
SETTINGS = WriterSettings(
    ["drug", "disease"],
    {"negex": "bool", "section_category": "string"},
    linked=True,
    started=STARTED,
)
NOTE = "Aspirin for\r\nno gastric ulcer in Köln 🙂."
ASPIRIN = Entity(0, 7, "drug", 0.75, "Aspirin", "MESH:D001241", "Aspirin", 0.9, {"negex": False})
ULCER = Entity(16, 29, "gastric disease", 0.5, "gastric ulcer", attributes={"negex": True})
NLP = spacy.blank("en")

Written = tuple[Doc, Record, list[Entity]]


def sample(record: Record | None = None, **attributes: Any) -> Written:
    """The note with its two entities; keyword arguments are attributes of the second."""
    ulcer = Entity(**{**vars(ULCER), "attributes": {**ULCER.attributes, **attributes}})
    return NLP.make_doc(NOTE), record or Record("n1", {"ward": 3}), [ASPIRIN, ulcer]


def write(format_: str, *written: Written, settings: WriterSettings = SETTINGS) -> bytes:
    """What the writer of a format makes of Docs."""
    stream = BytesIO()
    writer = FORMATS[format_].factory(stream, settings)
    for doc, record, found in written:
        writer.write(doc, record, found)
    writer.finish()
    return stream.getvalue()


TEXTS = st.text(
    st.sampled_from("ab,.\"'<&=+-@\t\n\r \u2028é🙂") | st.characters(codec="utf-8"), max_size=40
)
LABELS = st.text(st.sampled_from('abc _-é<"'), min_size=1, max_size=8)
SCORES = st.none() | st.floats(0, 1).map(lambda score: round(score, 6))


@st.composite
def documents(draw: Any, texts: Any = TEXTS, labels: Any = LABELS) -> Written:
    """A Doc with entities that may overlap, with concepts and attributes."""
    doc = NLP.make_doc(draw(texts))
    found = []
    for _ in range(draw(st.integers(0, 4)) if len(doc) else 0):
        first = draw(st.integers(0, len(doc) - 1))
        span = doc[first : draw(st.integers(first + 1, min(first + 4, len(doc))))]
        concept = draw(st.sampled_from([None, "MESH:D1", "C0000001", "odd id"]))
        entity = Entity(
            span.start_char,
            span.end_char,
            draw(labels),
            draw(SCORES),
            span.text,
            concept,
            concept and draw(st.none() | st.just("a name")),
            concept and draw(SCORES),
            {"negex": draw(st.none() | st.booleans()), "section_category": draw(st.none() | texts)},
        )
        found.append(entity)
    return doc, Record(draw(st.integers(0, 99) | st.just("an id")), {}), found
