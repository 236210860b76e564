"""Writes annotated documents (DocBin or JSON lines), and those that failed with the reason."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.own_keys import with_metadata
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.outputs import open_stream
from spacy_gliner_biomed.documents.writers import DocBinWriter
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.docs import write_annotation
from spacy_gliner_biomed.silver.failures import Failure, with_failure
from spacy_gliner_biomed.silver.run_settings import RunSettings
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.corpora import without_gold
from spacy_gliner_biomed.training.gold import ANNOTATED
from spacy_gliner_biomed.training.line_relations import RELATIONS

ENDINGS = (".spacy", ".jsonl")


@dataclass(frozen=True)
class RunPaths:
    """The files of a run.

    output (Path): Annotated documents; see `ENDINGS`.
    cache (Path): Paid answers.
    failures (Path): Documents that failed.
    report (Path): The counts of the run.
    """

    output: Path
    cache: Path
    failures: Path
    report: Path

    @classmethod
    def beside(cls, output: Path, settings: RunSettings) -> "RunPaths":
        """Return the files of a run; those without a setting are beside the output.

        output (Path): Annotated documents.
        settings (RunSettings): `cache`, `failures` and `report` are used.
        RAISES (ValueError): If the output has an ending that is not supported.
        """
        if output.suffix not in ENDINGS:
            raise ValueError(Errors.E110.format(path=output, allowed=", ".join(ENDINGS)))

        def with_ending(ending: str) -> Path:
            return output.with_name(output.name + ending)

        return cls(
            output,
            settings.cache or with_ending(".cache"),
            settings.failures or with_ending(".failures.jsonl"),
            settings.report or with_ending(".report.json"),
        )


class SilverFile:
    """Writes annotated documents in the format that the ending of a path selects.

    path (Path): See `ENDINGS`. A DocBin is in memory until the end.
    stream (BinaryIO): The stream to write to.
    nlp (Language): Its tokenizer makes Docs of texts.
    spans_key (str): Name of the span group in Docs.
    types (Sequence[str]): The types that the model was asked for; empty for any type.
    """

    def __init__(
        self, path: Path, stream: BinaryIO, nlp: Language, spans_key: str, types: Sequence[str]
    ) -> None:
        self.stream, self.nlp, self.spans_key, self.types = stream, nlp, spans_key, types
        self.n_written = 0
        self.docs = DocBinWriter(stream) if path.suffix == ".spacy" else None

    def write(self, document: str | Doc, record: Record, found: Annotation) -> None:
        """Write a document.

        document (str | Doc): Its text, or the Doc that it was read as.
        record (Record): Its id and metadata.
        found (Annotation): Its entities and relations.
        """
        self.n_written += 1
        if self.docs is None:
            text = document if isinstance(document, str) else document.text
            self.stream.write(_as_line(record, text, found, self.types))
            return
        # A memory zone, since a million texts would fill the vocabulary. A Doc is already there.
        zone = self.nlp.memory_zone() if isinstance(document, str) else nullcontext()
        with zone:
            doc = self.nlp.make_doc(document) if isinstance(document, str) else document
            write_annotation(doc, found, spans_key=self.spans_key, annotated=self.types or None)
            self.docs.write(doc, record, [])

    def finish(self) -> None:
        """Write what the format needs at the end."""
        if self.docs is not None:
            self.docs.finish()


class FailuresFile:
    """Writes documents that failed as JSON lines, which can be an input again.

    stream (BinaryIO): The stream to write to.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.n_written = 0

    def write(self, document: str | Doc, record: Record, failure: Failure) -> None:
        """Write a document and why it failed.

        document (str | Doc): Its text, or the Doc that it was read as.
        record (Record): Its id and metadata.
        failure (Failure): Why it failed.
        """
        text = document if isinstance(document, str) else document.text
        line = with_metadata({"id": record.id, "text": text}, record.meta)
        self.stream.write(dump_json(with_failure(line, failure)) + b"\n")
        self.n_written += 1


@contextmanager
def open_silver(
    path: Path, nlp: Language, spans_key: str, types: Sequence[str]
) -> Iterator[SilverFile]:
    """Open a file for annotated documents; arguments as in `SilverFile`.

    The file gets its name when it is complete. Without any document, it is not created, and an
    earlier file remains.
    """
    with suppress(_NothingWritten), open_stream(str(path)) as stream:
        file = SilverFile(path, stream, nlp, spans_key, types)
        yield file
        if not file.n_written:
            raise _NothingWritten
        file.finish()


class _NothingWritten(Exception):  # noqa: N818
    """Ends a stream so that its file does not get its name."""


@contextmanager
def open_failures(path: Path) -> Iterator[FailuresFile]:
    """Open a file for documents that failed. If none fails, an earlier file is removed."""
    with open_stream(str(path)) as stream:
        file = FailuresFile(stream)
        yield file
    if not file.n_written and path.is_file():  # not a device
        path.unlink()


def _as_line(record: Record, text: str, found: Annotation, types: Sequence[str]) -> bytes:
    spans = sorted(found.entities)
    entities = [
        {"start": start, "end": end, "text": text[start:end], "label": label}
        for start, end, label in spans
    ]
    parts: dict[str, Any] = {"id": record.id, "text": text, "entities": entities}
    if types:
        parts[ANNOTATED] = sorted(types)
    if found.relations:
        numbers = {span: i for i, span in enumerate(spans)}
        parts[RELATIONS] = [
            {"head": numbers[head], "tail": numbers[tail], "label": label}
            for head, tail, label in sorted(found.relations)
        ]
    return dump_json(with_metadata(parts, without_gold(record.meta))) + b"\n"
