"""JSON value by value, since a corpus may be larger than memory."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from spacy_gliner_biomed.common.files import UTF8, check_unpacked, open_text
from spacy_gliner_biomed.common.json_text import MAX_DEPTH, STRICT, check_depth, dump_json
from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.errors import Errors

CHUNK = 1 << 16  # characters
SPACES = " \t\r\n"
LONGEST_TOKEN = 16  # characters that the decoder may need at once, as in "\\ud83e\\udec0"


def read_items(path: Path, encoding: str = UTF8) -> Iterator[Any]:
    """Read the items of a JSON array.

    path, encoding: See `files.open_text`.
    YIELDS (Any): The items.
    RAISES (ValueError): With file and line, if the file holds no array or broken JSON.
    """
    return (item for _, item in _read(path, encoding, _Source.items))


def read_values(path: Path, encoding: str = UTF8) -> Iterator[tuple[str | int, Any]]:
    """Read the records of a file of JSON lines, of one array, or of one object.

    path, encoding: See `files.open_text`.
    YIELDS (tuple[str | int, Any]): The record's number in an array as "item 3", otherwise its
        line; and the record.
    RAISES (ValueError): With file and line, if the JSON is broken.
    """
    return _read(path, encoding, _Source.values)


def _read(
    path: Path, encoding: str, values: Callable[["_Source"], Iterator[tuple[str | int, Any]]]
) -> Iterator[tuple[str | int, Any]]:
    with open_text(path, encoding=encoding) as file:
        source = _Source(file, path)
        try:
            yield from values(source)
        except UnicodeDecodeError:  # which `open_text` reports
            raise
        except ValueError as error:
            if has_code(error):  # it names the place
                raise
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

    def __init__(self, file: TextIO, path: Path) -> None:
        self.file = file
        self.path = path
        self.buffer = ""
        self.line = 1
        self.decode: Callable[[str], tuple[Any, int]] = json.JSONDecoder(**STRICT).raw_decode

    def values(self) -> Iterator[tuple[str | int, Any]]:
        if self._next() == "[":
            yield from self.items()
            return
        while self._next():
            line = self.line
            yield line, self._item("the value")

    def items(self) -> Iterator[tuple[str, Any]]:
        if self._next() != "[":
            raise ValueError("not a list")
        self._skip(1)
        number = 0
        while self._next() != "]":
            number += 1
            yield f"item {number}", self._item("the list")
            if self._next() == ",":
                self._skip(1)
            elif self._next() != "]":
                raise ValueError("a comma or the end of the list is missing")
        self._skip(1)
        if self._next():
            raise ValueError("something follows the list")

    def _item(self, what: str) -> Any:
        """Return the next value: more is read until what there is can be decoded."""
        size = CHUNK
        while True:
            try:
                item, end = self.decode(self.buffer)
                # At the end of the buffer, digits of a number may follow.
                if end < len(self.buffer) or isinstance(item, dict | list):
                    check_depth(item)
                    self._skip(end)
                    return item
            except json.JSONDecodeError as error:
                if self._is_final(error) or not self._read(size):
                    raise
            except RecursionError as error:
                raise ValueError(f"an item is nested deeper than {MAX_DEPTH} levels") from error
            else:
                if not self._read(size):
                    raise ValueError(f"{what} does not end")
            check_unpacked(self.path, len(self.buffer), f", line {self.line}")
            size *= 2

    def _is_final(self, error: json.JSONDecodeError) -> bool:
        """Return whether more text cannot mend an error: a broken value is not read to the end of
        the file.
        """
        in_the_middle = error.pos < len(self.buffer) - LONGEST_TOKEN
        return in_the_middle and not error.msg.startswith("Unterminated string")

    def _next(self) -> str:
        """Return the next character that is no space; empty at the end."""
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
