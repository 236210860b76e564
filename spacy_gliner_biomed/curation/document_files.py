"""Read annotated documents, and write those of DocBins and JSON lines back unchanged."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import spacy
from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.common.files import is_utf8, read_lines
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.new_files import open_output
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import (
    ID_KEY,
    PASSAGES_KEY,
    AnnotatedText,
    gold_doc,
    read_jsonl,
)
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.table import find_format, read_format
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.gold_relations import with_relations
from spacy_gliner_biomed.training.line_relations import relations_as_json

ENDINGS = (".spacy", ".jsonl", ".jsonl.gz")


Stream = BinaryIO | gzip.GzipFile


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
    """Write documents in the form of the file's ending; what came in it is written unchanged.

    The file appears once it is complete, so that it may be the one that is read from.

    RETURNS (int): How many there were.
    RAISES (ValueError): If the ending is none of `ENDINGS`.
    """
    write = _write_docs if _ending(path) == ".spacy" else _write_lines
    with open_output(path) as stream:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile(fileobj=stream, mode="wb") as zipped:
                return write(documents, zipped, spans_key)
        return write(documents, stream, spans_key)


def _read(path: Path, kind: str, reading: ReadOptions) -> Iterator[CuratedDocument]:
    if kind == "docbin":
        return _read_docs(path, reading.spans_key)
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


def _read_docs(path: Path, spans_key: str) -> Iterator[CuratedDocument]:
    number = 0
    try:
        data = DocBin(store_user_data=True).from_disk(path)
        for number, doc in enumerate(data.get_docs(spacy.blank("en").vocab), 1):
            yield _from_doc(doc, number, spans_key)
    except Exception as error:  # what is wrong with bytes can be raised by any library
        what = f"a DocBin (after {number} Docs)"
        raise ValueError(Errors.E053.format(path=path, what=what, error=error)) from error


def _from_doc(doc: Doc, number: int, spans_key: str) -> CuratedDocument:
    gold = with_relations(read_gold(doc, spans_key), doc)
    name = str(doc.user_data.get(ID_KEY, number))
    passages = doc.user_data.get(PASSAGES_KEY, ())
    text = AnnotatedText(
        doc.text,
        gold.spans,
        [],
        gold.annotated,
        name,
        gold.corpus,
        passages=passages,
        relations=gold.relations,
        annotated_relations=gold.annotated_relations,
    )
    return CuratedDocument(text, doc)


def _write_docs(documents: Iterable[CuratedDocument], stream: Stream, spans_key: str) -> int:
    nlp, data = spacy.blank("en"), DocBin(store_user_data=True)
    for document in documents:
        source = document.source
        data.add(source if isinstance(source, Doc) else gold_doc(nlp, document.text, spans_key))
    stream.write(data.to_bytes())
    return len(data)


def _write_lines(documents: Iterable[CuratedDocument], stream: Stream, _: str) -> int:
    n_documents = 0
    for document in documents:
        source = document.source
        line = source.encode("utf8") if isinstance(source, str) else _as_line(document.text)
        stream.write(line + b"\n")
        n_documents += 1
    return n_documents


def _as_line(text: AnnotatedText) -> bytes:
    entities = [
        {"start": start, "end": end, "label": label, "text": text.text[start:end]}
        for start, end, label in text.spans
    ]
    line = {"id": text.name, "text": text.text, "entities": entities}
    if text.annotated is not None:
        line["annotated_labels"] = list(text.annotated)
    if text.passages:
        line[PASSAGES_KEY] = list(text.passages)
    line |= relations_as_json(text.relations, text.spans, text.annotated_relations)
    return dump_json(line)


def _ending(path: Path) -> str:
    found = ending_of(path, ENDINGS)
    if found is not None:
        return found
    raise ValueError(Errors.E110.format(path=path, allowed=", ".join(ENDINGS)))
