"""Write rows for the table NOTE_NLP of the OMOP common data model, version 5.4."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.context import find_context
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.tables import csv_lines
from spacy_gliner_biomed.documents.writing.text_forms import utf8_text
from spacy_gliner_biomed.documents.writing.writer import SYSTEM, WriterSettings, extra_keys
from spacy_gliner_biomed.errors import Warnings

COLUMNS = (
    "note_nlp_id",
    "note_id",
    "section_concept_id",
    "snippet",
    "offset",
    "lexical_variant",
    "note_nlp_concept_id",
    "note_nlp_source_concept_id",
    "nlp_system",
    "nlp_date",
    "nlp_datetime",
    "term_exists",
    "term_temporal",
    "term_modifiers",
)
NO_CONCEPT = 0  # "No matching concept"
SHORT, LONG = 250, 2000  # varchar: snippet and lexical_variant, term_modifiers
# With one of these, the patient does not have it.
NOT_THERE = {"negated", "hypothetical", "family"}
OMOP_PREFIX = "OMOP:"


class OmopWriter:
    """Writes `NOTE_NLP` as CSV.

    `note_id` is the key `note_id` of a document's metadata, or else its id; a warning counts those
    that are no integers. Ids of concepts that are not OMOP's ("OMOP:4329847") are in
    `term_modifiers`. `note_nlp_id` is a hash of document and entity, so that it is unique over the
    parts of a corpus, and needs 64 bits.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.settings = settings
        self.n_no_integer = 0
        self.n_cut = 0
        self.n_cut_modifiers = 0
        self.stream.write(csv_lines([COLUMNS]))

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the rows of one Doc."""
        own = record.meta.get("note_id")
        note = utf8_text(record.id if own is None else own)
        document, text = f"{utf8_text(record.id)}\0{note}", doc.text
        rows = [self._row(document, note, text, i, each) for i, each in enumerate(found)]
        self.stream.write(csv_lines(rows))
        self.n_no_integer += bool(rows) and not note.removeprefix("-").isdecimal()
        self.n_cut += sum(len(each.text) > SHORT for each in found)

    def finish(self) -> None:
        """Warn about documents and entities that do not fit the table."""
        if self.n_no_integer:
            warn(Warnings.W212.format(n=self.n_no_integer))
        if self.n_cut:
            warn(Warnings.W213.format(n=self.n_cut, limit=SHORT))
        if self.n_cut_modifiers:
            warn(Warnings.W214.format(n=self.n_cut_modifiers, limit=LONG))

    def _row(self, document: str, note: str, text: str, number: int, entity: Entity) -> list[Any]:
        context = find_context(entity.attributes, self.settings.fhir.context)
        key = f"{document}\0{number}\0{entity.start}\0{entity.end}\0{entity.label}"
        digest = blake2b(key.encode("utf8"), digest_size=8).digest()
        omop = entity.concept_id or ""
        known = omop.startswith(OMOP_PREFIX) and omop.removeprefix(OMOP_PREFIX).isdecimal()
        concept = int(omop.removeprefix(OMOP_PREFIX)) if known else NO_CONCEPT
        started = self.settings.started
        return [
            int.from_bytes(digest, "big") >> 1,  # positive
            note,
            NO_CONCEPT,
            _snippet(text, entity),
            entity.start,
            entity.text[:SHORT],
            concept,
            NO_CONCEPT,
            SYSTEM,
            started.date().isoformat(),
            started.strftime("%Y-%m-%d %H:%M:%S"),
            "N" if NOT_THERE.intersection(context) else "Y",
            "past" if "historical" in context else "",
            self._modifiers(entity, context),
        ]

    def _modifiers(self, entity: Entity, context: Sequence[str]) -> str:
        values: dict[str, Any] = {"label": entity.label, "score": entity.score}
        values |= dict.fromkeys(context, True)
        values |= extra_keys(entity, self.settings)
        shown = (f"{name}={as_text(value)}" for name, value in values.items() if value is not None)
        modifiers = "; ".join(shown)
        self.n_cut_modifiers += len(modifiers) > LONG
        return modifiers[:LONG]


def _snippet(text: str, entity: Entity) -> str:
    """Return the text around an entity, of at most `SHORT` characters."""
    around = max(SHORT - (entity.end - entity.start), 0) // 2
    start = max(entity.start - around, 0)
    return text[start : min(entity.end + around, start + SHORT)]
