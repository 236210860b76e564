"""Write PubAnnotation's JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import JsonList, WriterSettings, extra_keys


class PubAnnotationWriter:
    """Writes a list of documents: text, denotations, and attributes of denotations."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.settings = settings
        self.list = JsonList(stream)

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        numbered = list(enumerate(found, 1))
        denotations = [
            {"id": f"T{i}", "span": {"begin": each.start, "end": each.end}, "obj": each.label}
            for i, each in numbered
        ]
        pairs = [pair for i, each in numbered for pair in self._attributes(f"T{i}", each)]
        attributes = [{"id": f"A{i}", **pair} for i, pair in enumerate(pairs, 1)]
        source = {"sourcedb": record.meta.get("sourcedb", ""), "sourceid": str(record.id)}
        content = {"text": doc.text, "denotations": denotations, "attributes": attributes}
        self.list.add({**source, **content})

    def finish(self) -> None:
        """Close the list."""
        self.list.finish()

    def _attributes(self, subject: str, entity: Entity) -> Iterator[dict[str, Any]]:
        values = {"score": entity.score, **extra_keys(entity, self.settings)}
        for name, value in values.items():
            if value is not None:
                yield {"subj": subject, "pred": name, "obj": value}
