"""Annotated documents of a DocBin or JSON lines, which keep what they came as."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import spacy
from spacy.tokens import Doc, DocBin

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
    RAISES (ValueError): If there is no such file, its ending is another, or a line is broken.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    if _ending(path) == ".spacy":
        yield from _read_docs(path, spans_key)
        return
    texts = read_jsonl(path, None, corpus=path.parent.name)
    with _open(path, "rt") as lines:
        for line, text in zip(lines, texts, strict=True):
            yield Item(text, line.rstrip("\n"))


def write_items(items: Iterable[Item], path: Path, spans_key: str = "sc") -> int:
    """Write documents in the form of the file's ending; what came in it is written unchanged.

    RETURNS (int): How many there were.
    RAISES (ValueError): If the ending is none of `ENDINGS`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    n_items = 0
    if _ending(path) == ".spacy":
        nlp, data = spacy.blank("en"), DocBin(store_user_data=True)
        for item in items:
            source = item.source
            data.add(source if isinstance(source, Doc) else gold_doc(nlp, item.text, spans_key))
        data.to_disk(path)
        return len(data)
    with _open(path, "wt") as file:
        for item in items:
            line = item.source if isinstance(item.source, str) else _as_line(item.text)
            file.write(line + "\n")
            n_items += 1
    return n_items


def _read_docs(path: Path, spans_key: str) -> Iterator[Item]:
    try:
        data = DocBin(store_user_data=True).from_disk(path)
    except Exception as error:  # what is wrong with bytes can be raised by any library
        raise ValueError(Errors.E053.format(path=path, what="a DocBin", error=error)) from error
    for number, doc in enumerate(data.get_docs(spacy.blank("en").vocab), 1):
        gold = read_gold(doc, spans_key)
        name = str(doc.user_data.get("id", number))
        yield Item(AnnotatedText(doc.text, gold.spans, [], gold.annotated, name, gold.corpus), doc)


def _as_line(text: AnnotatedText) -> str:
    entities = [
        {"start": start, "end": end, "label": label, "text": text.text[start:end]}
        for start, end, label in text.spans
    ]
    line = {"id": text.name, "text": text.text, "entities": entities}
    return json.dumps(line, ensure_ascii=False)


def _ending(path: Path) -> str:
    for ending in ENDINGS:
        if path.name.endswith(ending):
            return ending
    raise ValueError(Errors.E110.format(path=path, allowed=", ".join(ENDINGS)))


def _open(path: Path, mode: str) -> IO[Any]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    file: IO[Any] = opener(path, mode, encoding="utf8")
    return file
