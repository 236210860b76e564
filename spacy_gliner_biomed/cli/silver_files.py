"""Writes silver documents: a DocBin or JSON lines, and those that failed with the reason."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.outputs import open_stream
from spacy_gliner_biomed.documents.writers import DocBinWriter
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.docs import RELATIONS, write_silver
from spacy_gliner_biomed.silver.failures import Failure
from spacy_gliner_biomed.silver.text_annotator import Annotation

ENDINGS = (".spacy", ".jsonl")


class SilverFile:
    """Where annotated documents go, in the form of the ending.

    path (Path): See `ENDINGS`; a DocBin is in memory until the end.
    stream (BinaryIO): Written to.
    nlp (Language): Its tokenizer makes Docs of texts.
    options (dict[str, Any]): Of `write_silver`.
    """

    def __init__(
        self, path: Path, stream: BinaryIO, nlp: Language, options: dict[str, Any]
    ) -> None:
        self.stream, self.nlp, self.options = stream, nlp, options
        self.n_written = 0
        self.docs = DocBinWriter(stream, []) if path.suffix == ".spacy" else None

    def write(self, document: str | Doc, record: Record, found: Annotation) -> None:
        """Write one document."""
        self.n_written += 1
        if self.docs is None:
            text = document if isinstance(document, str) else document.text
            self.stream.write(_line(record, text, found))
            return
        # In a zone, since a million texts would fill the vocabulary; a Doc is there already.
        zone = self.nlp.memory_zone() if isinstance(document, str) else nullcontext()
        with zone:
            doc = self.nlp.make_doc(document) if isinstance(document, str) else document
            write_silver(doc, found, **self.options)
            self.docs.write(doc, record, [])

    def finish(self) -> None:
        """Write what comes last."""
        if self.docs is not None:
            self.docs.finish()


class FailuresFile:
    """Those that failed, as lines that can be an input again."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.n_written = 0

    def write(self, document: str | Doc, record: Record, failure: Failure) -> None:
        """Write one document."""
        text = document if isinstance(document, str) else document.text
        why = {"failure": failure.kind, "reason": failure.reason}
        line = {"id": record.id, "text": text, **record.meta, **why}
        self.stream.write(dump_json(line) + b"\n")
        self.n_written += 1


@contextmanager
def open_silver(path: Path, nlp: Language, options: dict[str, Any]) -> Iterator[SilverFile]:
    """A file that takes its name when all is written.

    Without a document there is none: an earlier one is left as it was.
    """
    with suppress(_NothingWritten), open_stream(str(path)) as stream:
        file = SilverFile(path, stream, nlp, options)
        yield file
        if not file.n_written:
            raise _NothingWritten
        file.finish()


class _NothingWritten(Exception):  # noqa: N818
    """Ends a stream so that it does not take its name."""


@contextmanager
def open_failures(path: Path) -> Iterator[FailuresFile]:
    """A file for documents that failed; there is none, also no earlier one, if none did."""
    with open_stream(str(path)) as stream:
        file = FailuresFile(stream)
        yield file
    if not file.n_written and path.is_file():  # not a device
        path.unlink()


def check_ending(path: Path) -> None:
    """RAISES (ValueError): If documents cannot be written in the form of the ending."""
    if path.suffix not in ENDINGS:
        raise ValueError(Errors.E110.format(path=path, allowed=", ".join(ENDINGS)))


def _line(record: Record, text: str, found: Annotation) -> bytes:
    entities = [
        {"start": start, "end": end, "text": text[start:end], "label": label}
        for start, end, label in sorted(found.entities)
    ]
    parts = {"id": record.id, "text": text, "entities": entities, RELATIONS: found.relations}
    return dump_json({**parts, **{k: v for k, v in record.meta.items() if k not in parts}}) + b"\n"
