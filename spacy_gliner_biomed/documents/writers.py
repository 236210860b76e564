"""Write annotated Docs as JSON lines, a DocBin or a table."""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Protocol

from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.inputs import ID_KEY, META_KEY, Record
from spacy_gliner_biomed.types import ScoredSpan

NAME_WIDTH = 32


class Writer(Protocol):
    """Writes Docs to a stream; `finish` must be called after the last one."""

    def write(self, doc: Doc, record: Record, found: Sequence[ScoredSpan]) -> None:
        """Write one Doc.

        doc (Doc): The annotated Doc.
        record (Record): Its id and metadata.
        found (Sequence[ScoredSpan]): Its entities.
        """

    def finish(self) -> None:
        """Write the end of the output."""


# (stream, labels that are predicted) -> writer
WriterFactory = Callable[[BinaryIO, Sequence[str]], Writer]


class JsonlWriter:
    """Writes one line for each Doc: id, text, entities with offsets and scores, and metadata."""

    def __init__(self, stream: BinaryIO, labels: Sequence[str]) -> None:
        self.stream = stream

    def write(self, doc: Doc, record: Record, found: Sequence[ScoredSpan]) -> None:
        """Write one line."""
        text = doc.text
        entities = [
            {
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
                "label": span.label,
                "score": round(span.score, 6),
            }
            for span in found
        ]
        meta = {key: value for key, value in record.meta.items() if key != "entities"}
        line = {"id": record.id, "text": text, "entities": entities, **meta}
        self.stream.write(dump_json(line) + b"\n")

    def finish(self) -> None:
        """Do nothing."""


class DocBinWriter:
    """Collects all Docs in one DocBin and writes it at the end, as the format requires."""

    def __init__(self, stream: BinaryIO, labels: Sequence[str]) -> None:
        self.stream = stream
        self.docs = DocBin(store_user_data=True)

    def write(self, doc: Doc, record: Record, found: Sequence[ScoredSpan]) -> None:
        """Keep one Doc in the DocBin's compact form; if that fails, the others stay intact."""
        doc.user_data[ID_KEY] = _storable(record.id)
        if record.meta:
            doc.user_data[META_KEY] = _storable(record.meta)
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

    def __init__(self, stream: BinaryIO, labels: Sequence[str]) -> None:
        self.stream = stream
        self.label_width = max(len(_cell(label)) for label in [*labels, "label"])
        self._line("document", "characters", "label", "score", "text")

    def write(self, doc: Doc, record: Record, found: Sequence[ScoredSpan]) -> None:
        """Write the lines of one Doc."""
        name = _cell(str(record.id))
        name = name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]
        for span in found:
            offsets = f"{span.start}-{span.end}"
            text = _cell(doc.text[span.start : span.end])
            self._line(name, offsets, _cell(span.label), f"{span.score:.2f}", text)

    def finish(self) -> None:
        """Do nothing."""

    def _line(self, name: str, offsets: str, label: str, score: str, text: str) -> None:
        label = label.ljust(self.label_width)
        line = f"{name:{NAME_WIDTH}}  {offsets:>13}  {label}  {score:>5}  {text}\n"
        self.stream.write(line.encode("utf8"))


def _truncate(docs: DocBin, n: int) -> None:
    """Keep the first n Docs. A DocBin stores its Docs in several lists. A Doc that failed is in
    some of them only, so that every later Doc would get another's annotations.
    """
    for part in (docs.tokens, docs.spaces, docs.flags, docs.cats, docs.user_data, docs.span_groups):
        del part[n:]


def _cell(text: str) -> str:
    """Return a text in one line, with control characters escaped."""
    return escape_controls(" ".join(text.split()))


def _storable(value: Any) -> Any:
    """Return a JSON value in a form that a DocBin can hold: halves of surrogate pairs are escaped,
    and integers of more than 64 bits become text.
    """
    if isinstance(value, str):
        return value.encode("utf8", "backslashreplace").decode("utf8")
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
