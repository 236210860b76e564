"""Reads a corpus file record by record; what is broken in it becomes a record with a problem."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import ParseError

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_gliner_biomed.cli.inputs import read_inputs
from spacy_gliner_biomed.distributed.pubmed import is_pubmed, read_pubmed
from spacy_gliner_biomed.distributed.records import Item, Kind
from spacy_gliner_biomed.optional import import_parquet

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet", ".spacy", ".txt", ".xml", ".xml.gz")
BROKEN_STREAM = (EOFError, OSError, zlib.error)  # gzip's
ROWS = 256  # of Parquet, that are Python objects at a time


@dataclass
class Position:
    """How many bytes of a file are read."""

    bytes: int = 0


def read_file(path: Path, name: str, position: Position) -> Iterator[Item]:
    """The records of one file.

    path (Path): One with an ending of `ENDINGS`.
    name (str): What the file is called in ids and sources.
    position (Position): Is kept up to date.
    YIELDS (Item): From where a file is broken, one record with a problem stands for its rest.
    """
    number = 0
    try:
        for item in _records(path, name, position):
            number += 1
            yield item
    except (*BROKEN_STREAM, ParseError, ValueError) as error:
        what = f"the file cannot be read after record {number}: {type(error).__name__}: {error}"
        yield Item(f"{name}:broken", name).without_content("broken", what)


def _records(path: Path, name: str, position: Position) -> Iterator[Item]:
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _read_jsonl(path, name, position)
    elif path.suffix == ".parquet":
        yield from _read_parquet(path, name, position)
    elif path.suffix == ".spacy":
        yield from _read_docbin(path, name)
    elif is_pubmed(path.name):
        with open_bytes(path, position) as stream:
            yield from read_pubmed(stream, name)
    else:
        yield _read_text(path, name)


@contextmanager
def open_bytes(path: Path, position: Position) -> Iterator[BinaryIO]:
    """A file's bytes, decompressed if its name ends with .gz."""
    with path.open("rb") as raw:
        tracked = cast(BinaryIO, _Tracked(raw, position))
        if path.suffix != ".gz":
            yield tracked
            return
        with gzip.open(tracked) as stream:
            yield cast(BinaryIO, stream)


class _Tracked:
    """Counts the bytes that are read of a file."""

    def __init__(self, stream: BinaryIO, position: Position) -> None:
        self.stream = stream
        self.position = position

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.position.bytes += len(content)
        return content

    def __iter__(self) -> Iterator[bytes]:
        for line in self.stream:
            self.position.bytes += len(line)
            yield line


def _read_jsonl(path: Path, name: str, position: Position) -> Iterator[Item]:
    with open_bytes(path, position) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _parse_line(line, f"{name}:{number}")


def _parse_line(line: bytes, source: str) -> Item:
    try:
        values = json.loads(line.strip().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Item(source, source).without_content("not_utf8", str(error))
    except ValueError as error:
        return Item(source, source).without_content("broken", f"no JSON: {error}")
    if not isinstance(values, dict):
        what = f"found {type(values).__name__} instead of an object"
        return Item(source, source).without_content("broken", what)
    return make_item(values, source)


def _read_parquet(path: Path, name: str, position: Position) -> Iterator[Item]:
    size, number = path.stat().st_size, 0
    with import_parquet("Parquet input").ParquetFile(path) as table:
        if "text" not in table.schema_arrow.names:
            found = ", ".join(table.schema_arrow.names)
            raise ValueError(f"there is no column 'text'; found: {found}")
        for batch in table.iter_batches(batch_size=ROWS):
            for values in batch.to_pylist():
                number += 1
                position.bytes = size * number // table.metadata.num_rows
                kept = {key: value for key, value in values.items() if value is not None}
                yield make_item(kept, f"{name}:{number}")


def _read_docbin(path: Path, name: str) -> Iterator[Item]:
    for number, (doc, record) in enumerate(read_inputs([path], Vocab()), start=1):
        assert isinstance(doc, Doc)
        source = f"{name}:{number}"
        own = None if record.id == f"{path.as_posix()}:{number}" else record.id
        item = make_item({**record.meta, "id": own, "text": doc.text}, source)
        yield Item(item.id, source, doc.to_bytes(), item.meta, item.problem)


def _read_text(path: Path, name: str) -> Item:
    try:
        [(text, _)] = read_inputs([path], Vocab())
    except ValueError as error:
        return Item(name, name).without_content("not_utf8", str(error.__cause__))
    assert isinstance(text, str)
    return Item(name, name, text)


def make_item(values: Mapping[str, Any], source: str) -> Item:
    """The record of a row: `text`, `id` if it has one, and further keys.

    source (str): Where the row is; its id, if it has none.
    """
    meta = {key: value for key, value in values.items() if key not in ("id", "text")}
    own, text = values.get("id"), values.get("text")
    name = source if own is None or own == "" else str(own)
    if problem := _problem(name, text):
        safe = name if problem[0] == "missing_text" else source
        return Item(safe, source).without_content(*problem)
    # ASCII: a further key may hold half of a character, which no table could.
    return Item(name, source, text, json.dumps(meta, default=str) if meta else "")  # type: ignore[arg-type]


def _problem(name: str, text: Any) -> tuple[Kind, str] | None:
    try:
        # JSON can hold half of a character ("\ud800"), which is no text.
        name.encode("utf8")
        if isinstance(text, str):
            text.encode("utf8")
            return None
    except UnicodeEncodeError as error:
        return "not_utf8", str(error)
    found = "there is no 'text'" if text is None else f"'text' is {type(text).__name__}"
    return "missing_text", found
