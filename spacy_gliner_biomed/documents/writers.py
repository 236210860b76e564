"""Write annotated Docs as JSON lines, a DocBin or a table."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.own_keys import with_metadata
from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.documents.writing.text_forms import utf8_text
from spacy_gliner_biomed.documents.writing.writer import (
    DEFAULT_SETTINGS,
    WriterSettings,
    attribute_keys,
    extra_keys,
)
from spacy_gliner_biomed.training.corpora import ID_KEY, META_KEY, without_gold

NAME_WIDTH = 32
FURTHER_WIDTH = 16  # of concepts and attributes


def entity_json(entity: Entity, settings: WriterSettings) -> dict[str, Any]:
    """Return an entity as JSON.

    entity (Entity): The entity.
    settings (WriterSettings): Settings of the run.
    RETURNS (dict[str, Any]): Offsets, text, label, score, and keys of the concept and attributes.
    """
    return {
        "start": entity.start,
        "end": entity.end,
        "text": entity.text,
        "label": entity.label,
        "score": entity.score,
        **extra_keys(entity, settings),
    }


class JsonlWriter:
    """Writes one line for each Doc: id, text, entities, relations, and metadata."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.settings = settings

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one line."""
        entities = [entity_json(each, self.settings) for each in found]
        own: dict[str, Any] = {"id": record.id, "text": doc.text, "entities": entities}
        if related := entity_relations(doc, found):
            own["relations"] = [relation.to_json() for relation in related]
        if self.settings.gold:
            line = own | {key: value for key, value in record.meta.items() if key not in own}
        else:
            line = with_metadata(own, without_gold(record.meta))
        self.stream.write(dump_json(line) + b"\n")

    def finish(self) -> None:
        """Do nothing."""


class DocBinWriter:
    """Collects all Docs in one DocBin and writes it at the end, as the format requires."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings = DEFAULT_SETTINGS) -> None:
        self.stream = stream
        self.docs = DocBin(store_user_data=True)

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Keep one Doc in the DocBin's compact form; if that fails, the others stay intact."""
        doc.user_data[ID_KEY] = storable(record.id)
        if record.meta:
            doc.user_data[META_KEY] = storable(record.meta)
        n = len(self.docs)
        try:
            self.docs.add(doc)
        except Exception:
            _truncate(self.docs, n)
            raise

    def finish(self) -> None:
        """Write all Docs."""
        self.stream.write(self.docs.to_bytes())


class TableWriter:
    """Writes one line for each entity, in columns."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.settings = settings
        self.label_width = max(len(_cell(label)) for label in [*settings.labels, "label"])
        concept = ["concept"] if settings.linked else []
        names = [*concept, *settings.attributes]
        self.stream.write(self._line("document", "characters", "label", "score", names))

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the lines of one Doc."""
        name = _cell(str(record.id))
        name = name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]
        lines = []
        for each in found:
            offsets = f"{each.start}-{each.end}"
            score = "" if each.score is None else f"{each.score:.2f}"
            concept = [each.concept_id or "-"] if self.settings.linked else []
            values = attribute_keys(each, self.settings).values()
            further = [*concept, *("-" if value is None else as_text(value) for value in values)]
            lines.append(self._line(name, offsets, _cell(each.label), score, further, each.text))
        self.stream.write(b"".join(lines))

    def finish(self) -> None:
        """Do nothing."""

    def _line(
        self,
        name: str,
        offsets: str,
        label: str,
        score: str,
        further: Sequence[str],
        text: str = "text",
    ) -> bytes:
        label = label.ljust(self.label_width)
        cells = [f"{_cell(value):{FURTHER_WIDTH}}" for value in further]
        line = "  ".join([f"{name:{NAME_WIDTH}}", f"{offsets:>13}", label, f"{score:>5}", *cells])
        return f"{line}  {_cell(text)}\n".encode()


def _truncate(docs: DocBin, n: int) -> None:
    """Keep the first n Docs. A DocBin stores its Docs in several lists. A Doc that failed is in
    some of them only, so that every later Doc would get another's annotations.
    """
    for part in (docs.tokens, docs.spaces, docs.flags, docs.cats, docs.user_data, docs.span_groups):
        del part[n:]


def _cell(text: str) -> str:
    """Return a text in one line, with control characters escaped."""
    return escape_controls(" ".join(text.split()))


def storable(value: Any) -> Any:
    """Return a JSON value in a form that a DocBin can hold.

    value (Any): The value.
    RETURNS (Any): The value. Halves of surrogate pairs are escaped, and integers of more than 64
        bits become text.
    """
    if isinstance(value, str):
        return utf8_text(value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
