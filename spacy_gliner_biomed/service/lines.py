"""Splits a body that arrives in pieces into lines, in bounded memory."""

from collections.abc import Iterator
from typing import Final


class TooLong:
    """Stands for a line over the limit, whose bytes were discarded."""


TOO_LONG: Final = TooLong()


class LineSplitter:
    """Splits at line feeds.

    limit (int): Maximum bytes of a line.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes | TooLong]:
        """Add a piece of the body.

        piece (bytes): Any number of bytes.
        YIELDS (bytes | TooLong): The lines that end in it, without their line feed.
        """
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._add(part)
            yield self._end()
        self._add(rest)

    def finish(self) -> Iterator[bytes | TooLong]:
        """Yield the last line, if the body did not end with a line feed."""
        if self._parts or self._skipping:
            yield self._end()

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self.limit:
            self._skipping = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _end(self) -> bytes | TooLong:
        line: bytes | TooLong = TOO_LONG if self._skipping else b"".join(self._parts)
        self._parts, self._size, self._skipping = [], 0, False
        return line
