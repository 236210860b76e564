"""Reads documents one after the other: plain text, JSON lines, DocBins, folders of these."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.errors import Errors

ENDINGS = (".txt", ".jsonl", ".spacy")

# Where a Doc keeps what a line of JSON says besides its text: ours in a written DocBin.
ID_KEY, META_KEY = "id", "meta"


@dataclass
class Record:
    """What is known of a document besides its text.

    id (Any): The document's own, or file name and number.
    meta (dict[str, Any]): Further keys of its line of JSON, for the output.
    """

    id: Any
    meta: dict[str, Any] = field(default_factory=dict)


def find_inputs(paths: Sequence[Path]) -> list[Path]:
    """The files to read, each once: those named, and in folders those of a readable kind.

    RAISES (ValueError): If a path does not exist, or a named file is of no readable kind.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ValueError(Errors.E050.format(path=path))
        if not path.is_dir() and path.suffix not in ENDINGS:
            raise ValueError(Errors.E051.format(path=path, found=path.suffix))
        for file in _readable(path) if path.is_dir() else [path]:
            files.setdefault(file.resolve(), file)
    return list(files.values())


def read_inputs(files: Iterable[Path], vocab: Vocab) -> Iterator[tuple[str | Doc, Record]]:
    """The documents of files, in order, as `nlp.pipe(..., as_tuples=True)` takes them.

    files (Iterable[Path]): See `find_inputs`.
    vocab (Vocab): For the Docs of a DocBin.
    YIELDS (tuple[str | Doc, Record]): Text as it is in the file, line ends included.
    RAISES (ValueError): If a file is broken; says where.
    """
    for path in files:
        if path.suffix == ".jsonl":
            yield from _read_jsonl(path)
        elif path.suffix == ".spacy":
            yield from _read_docbin(path, vocab)
        else:
            yield _read_text(path), Record(path.as_posix())


def _readable(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in ENDINGS)
    visible = (p for p in found if not any(x.startswith(".") for x in p.relative_to(folder).parts))
    return [path for path in visible if path.is_file()]


def _read_text(path: Path) -> str:
    try:
        # Not Path.read_text: it changes "\r\n" to "\n", and with it all offsets.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(Errors.E053.format(path=path, what="UTF-8 text", error=error)) from error


def _read_jsonl(path: Path) -> Iterator[tuple[str, Record]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                text, record = _parse_line(line.strip().decode("utf-8-sig"))
            except ValueError as error:
                raise ValueError(Errors.E052.format(path=path, line=number, error=error)) from error
            if record.id is None:
                record.id = f"{path.as_posix()}:{number}"
            yield text, record


def _parse_line(line: str) -> tuple[str, Record]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:  # whose own message always says "line 1"
        raise ValueError(f"{error.msg} (column {error.colno})") from error
    if not isinstance(values, dict):
        raise ValueError(f"found {type(values).__name__} instead of an object")
    text = values.pop("text", None)
    if not isinstance(text, str):
        raise ValueError("'text' is missing or no string")
    text.encode("utf8")  # JSON can hold half of a character ("\ud800"), which is no text
    return text, Record(values.pop("id", None), values)


def _read_docbin(path: Path, vocab: Vocab) -> Iterator[tuple[Doc, Record]]:
    try:
        docs = DocBin().from_disk(path)
    except Exception as error:  # zlib's, msgpack's and key errors, by where it is broken
        message = Errors.E053.format(path=path, what="a DocBin", error=error or type(error))
        raise ValueError(message) from error
    for number, doc in enumerate(docs.get_docs(vocab), start=1):
        name = doc.user_data.get(ID_KEY, f"{path.as_posix()}:{number}")
        yield doc, Record(name, dict(doc.user_data.get(META_KEY, {})))
