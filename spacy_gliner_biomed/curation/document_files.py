"""Read annotated documents, and write those of DocBins and JSON lines back unchanged."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from spacy.tokens import Doc

from spacy_gliner_biomed.common.files import is_utf8, read_lines
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.new_files import open_output
from spacy_gliner_biomed.documents.writing.gold_texts import LeftOut, TextWriter
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText, read_jsonl
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.plain import read_docs
from spacy_gliner_biomed.training.formats.table import find_format, read_format
from spacy_gliner_biomed.training.record_checks import Counts

ENDINGS = (".spacy", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class CuratedDocument:
    """A document.

    text (AnnotatedText): Its text, entities and corpus.
    source (Doc | str | None): The Doc or line it was read as, which is written unchanged; None if
        it was read from another format.
    """

    text: AnnotatedText
    source: Doc | str | None


def read_documents(path: Path, reading: ReadOptions = DEFAULTS) -> Iterator[CuratedDocument]:
    """Read the documents of a file one by one; a DocBin is read into memory as a whole.

    path (Path): A file of a format with entities, or a folder for BRAT. The corpus of a document
        is the name of the file's folder, unless it is in a DocBin.
    reading (ReadOptions): How to read it, its format, and the span group of the entities.
    YIELDS (CuratedDocument): The documents, in order.
    RAISES (ValueError): If the file is missing, its format is not clear, or it has no documents, or
        if a document is broken.
    """
    kind, number = find_format(path, reading.data_format, reading), 0
    for number, document in enumerate(_read(path, kind, reading), 1):
        try:
            document.text.text.encode("utf8")
        except UnicodeEncodeError as error:  # half of a surrogate pair, which cannot be stored
            raise ValueError(Errors.E060.format(path=path, line=number, error=error)) from error
        yield document
    if not number:
        raise ValueError(Errors.E114.format(path=path))


def write_documents(documents: Iterable[CuratedDocument], path: Path, spans_key: str = "sc") -> int:
    """Write documents in the form of the file's ending; what came in it is written unchanged, and
    everything else as `convert` writes it.

    The file appears once it is complete, so that it may be the one that is read from.

    RETURNS (int): How many there were.
    RAISES (ValueError): If the ending is none of `ENDINGS`.
    """
    write = _write_docs if _ending(path) == ".spacy" else _write_lines
    with open_output(path) as stream:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile(fileobj=stream, mode="wb") as zipped:
                return write(documents, cast(BinaryIO, zipped), spans_key)
        return write(documents, stream, spans_key)


def _read(path: Path, kind: str, reading: ReadOptions) -> Iterator[CuratedDocument]:
    if kind == "docbin":
        return _read_docs(path, reading)
    if kind == "jsonl" and ending_of(path, ENDINGS) and is_utf8(reading.encoding):
        return _read_lines(path)
    texts = read_format(path, kind, reading)
    return (CuratedDocument(replace(text, corpus=path.parent.name), None) for text in texts)


def _read_lines(path: Path) -> Iterator[CuratedDocument]:
    texts = read_jsonl(path, None, corpus=path.parent.name)
    lines = (line for _, line in read_lines(path) if line.strip())
    # The texts come first, so that their reader reports broken lines.
    for text, line in zip(texts, lines, strict=True):
        yield CuratedDocument(text, line)


def _read_docs(path: Path, reading: ReadOptions) -> Iterator[CuratedDocument]:
    texts = read_docs(path, replace(reading, with_docs=True), Counts())
    for number, text in enumerate(texts, 1):
        # The Doc is not in the text, because scorers hold many texts.
        yield CuratedDocument(replace(text, name=text.name or str(number), doc=None), text.doc)


def _write_docs(documents: Iterable[CuratedDocument], stream: BinaryIO, spans_key: str) -> int:
    writer, n_documents = TextWriter(stream, "docbin", spans_key=spans_key), 0
    for document in documents:
        n_documents += 1
        if isinstance(document.source, Doc):
            writer.keep(document.source)
        else:
            writer.write(document.text)
    writer.finish()
    return n_documents


def _write_lines(documents: Iterable[CuratedDocument], stream: BinaryIO, spans_key: str) -> int:
    writer, n_documents = TextWriter(stream, "jsonl", spans_key=spans_key), 0
    left_out = LeftOut("jsonl", spans_key)
    for document in documents:
        n_documents += 1
        source = document.source
        if isinstance(source, str):
            stream.write(source.encode("utf8") + b"\n")
        else:
            text = replace(document.text, doc=source if isinstance(source, Doc) else None)
            left_out.add(text)
            writer.write(text)
    left_out.report()
    return n_documents


def _ending(path: Path) -> str:
    found = ending_of(path, ENDINGS)
    if found is not None:
        return found
    raise ValueError(Errors.E110.format(path=path, allowed=", ".join(ENDINGS)))
