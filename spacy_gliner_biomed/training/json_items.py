"""JSON arrays item by item, since a corpus may be larger than memory."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from spacy_gliner_biomed.common.files import open_text
from spacy_gliner_biomed.common.json_text import MAX_DEPTH, check_depth, dump_json
from spacy_gliner_biomed.errors import Errors

CHUNK = 1 << 16  # characters
SPACES = " \t\r\n"


def read_items(path: Path) -> Iterator[Any]:
    """Read the items of a JSON array.

    path (Path): See `files.open_text`.
    RAISES (ValueError): With file and line, if the file holds no array or broken JSON.
    """
    with open_text(path) as file:
        source = _Source(file)
        try:
            yield from source.items()
        except UnicodeDecodeError:  # which `open_text` reports
            raise
        except ValueError as error:
            line = source.line + getattr(error, "lineno", 1) - 1
            problem = getattr(error, "msg", error)
            raise ValueError(Errors.E060.format(path=path, line=line, error=problem)) from error


def write_items(items: Iterable[Any], stream: BinaryIO) -> None:
    """Write a JSON array, an item a line."""
    before = b"[\n"
    for item in items:
        stream.write(before + dump_json(item))
        before = b",\n"
    stream.write(b"[]\n" if before == b"[\n" else b"\n]\n")


class _Source:
    """What was read of a file and not used yet.

    line (int): Where it begins.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.buffer = ""
        self.line = 1
        self.decode: Callable[[str], tuple[Any, int]] = json.JSONDecoder().raw_decode

    def items(self) -> Iterator[Any]:
        if self._next() != "[":
            raise ValueError("not a list")
        self._skip(1)
        while self._next() != "]":
            yield self._item()
            if self._next() == ",":
                self._skip(1)
            elif self._next() != "]":
                raise ValueError("a comma or the end of the list is missing")
        self._skip(1)
        if self._next():
            raise ValueError("something follows the list")

    def _item(self) -> Any:
        """The next item: more is read until what there is can be decoded."""
        size = CHUNK
        while True:
            try:
                item, end = self.decode(self.buffer)
                if end < len(self.buffer):  # otherwise, digits of a number may follow
                    check_depth(item)
                    self._skip(end)
                    return item
            except json.JSONDecodeError:
                if not self._read(size):
                    raise
            except RecursionError as error:
                raise ValueError(f"an item is nested deeper than {MAX_DEPTH} levels") from error
            else:
                if not self._read(size):
                    raise ValueError("the list does not end")
            size *= 2

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            stripped = self.buffer.lstrip(SPACES)
            self._skip(len(self.buffer) - len(stripped))
            if self.buffer or not self._read(CHUNK):
                return self.buffer[:1]

    def _read(self, size: int) -> bool:
        more = self.file.read(size)
        self.buffer += more
        return bool(more)

    def _skip(self, count: int) -> None:
        self.line += self.buffer.count("\n", 0, count)
        self.buffer = self.buffer[count:]
