"""Annotated documents of a DocBin or JSON lines, which keep what they came as."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import spacy
from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.common.files import open_output, read_lines
from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.gold import read_gold

ENDINGS = (".spacy", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Item:
    """A document.

    text (AnnotatedText): Its text, entities and corpus.
    source (Doc | str): The Doc or the line that it came as, written unchanged.
    """

    text: AnnotatedText
    source: Doc | str


def read_items(path: Path, spans_key: str = "sc") -> Iterator[Item]:
    """Read the documents of a file, one after the other; a DocBin is in memory as a whole.

    path (Path): .spacy, .jsonl or .jsonl.gz; the corpus of a line is the file's folder.
    spans_key (str): The group of gold spans in Docs.
    RAISES (ValueError): If there is no such file, its ending is another, there is no document in
        it, or one is broken.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    read = _read_docs if _ending(path) == ".spacy" else _read_lines
    number = 0
    for number, item in enumerate(read(path, spans_key), 1):
        try:
            item.text.text.encode("utf8")
        except UnicodeEncodeError as error:  # half of a pair of escapes: nothing can hash or store
            raise ValueError(Errors.E060.format(path=path, line=number, error=error)) from error
        yield item
    if not number:
        raise ValueError(Errors.E114.format(path=path))


def write_items(items: Iterable[Item], path: Path, spans_key: str = "sc") -> int:
    """Write documents in the form of the file's ending; what came in it is written unchanged.

    The file appears once it is complete, so that it may be the one that is read from.

    RETURNS (int): How many there were.
    RAISES (ValueError): If the ending is none of `ENDINGS`.
    """
    write = _write_docs if _ending(path) == ".spacy" else _write_lines
    with open_output(path) as stream:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=stream, mode="wb") as zipped:
                return write(items, zipped, spans_key)
        return write(items, stream, spans_key)


def _read_lines(path: Path, _: str) -> Iterator[Item]:
    texts = read_jsonl(path, None, corpus=path.parent.name)
    lines = (line for _, line in read_lines(path) if line.strip())
    # The texts first: what is wrong with a line is said by their reader.
    for text, line in zip(texts, lines, strict=True):
        yield Item(text, line)


def _read_docs(path: Path, spans_key: str) -> Iterator[Item]:
    number = 0
    try:
        data = DocBin(store_user_data=True).from_disk(path)
        for number, doc in enumerate(data.get_docs(spacy.blank("en").vocab), 1):
            yield _doc_item(doc, number, spans_key)
    except Exception as error:  # what is wrong with bytes can be raised by any library
        what = f"a DocBin (after {number} Docs)"
        raise ValueError(Errors.E053.format(path=path, what=what, error=error)) from error


def _doc_item(doc: Doc, number: int, spans_key: str) -> Item:
    gold = read_gold(doc, spans_key)
    name = str(doc.user_data.get("id", number))
    return Item(AnnotatedText(doc.text, gold.spans, [], gold.annotated, name, gold.corpus), doc)


def _write_docs(items: Iterable[Item], stream: BinaryIO | gzip.GzipFile, spans_key: str) -> int:
    nlp, data = spacy.blank("en"), DocBin(store_user_data=True)
    for item in items:
        source = item.source
        data.add(source if isinstance(source, Doc) else gold_doc(nlp, item.text, spans_key))
    stream.write(data.to_bytes())
    return len(data)


def _write_lines(items: Iterable[Item], stream: BinaryIO | gzip.GzipFile, _: str) -> int:
    n_items = 0
    for item in items:
        source = item.source
        line = source.encode("utf8") if isinstance(source, str) else _as_line(item.text)
        stream.write(line + b"\n")
        n_items += 1
    return n_items


def _as_line(text: AnnotatedText) -> bytes:
    entities = [
        {"start": start, "end": end, "label": label, "text": text.text[start:end]}
        for start, end, label in text.spans
    ]
    line = {"id": text.name, "text": text.text, "entities": entities}
    return dump_json(line)


def _ending(path: Path) -> str:
    for ending in ENDINGS:
        if path.name.endswith(ending):
            return ending
    raise ValueError(Errors.E110.format(path=path, allowed=", ".join(ENDINGS)))
