"""Streams that count what is read from them, and lines of limited length."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast


@dataclass
class Position:
    """How many bytes of a file have been read, as they are on the disk."""

    bytes: int = 0


class CountedStream:
    """A stream that counts the bytes that are read from it.

    stream (BinaryIO): The stream, which must be buffered.
    position (Position): Kept up to date.
    """

    def __init__(self, stream: BinaryIO, position: Position) -> None:
        self.stream = stream
        self.position = position

    def read(self, size: int = -1) -> bytes:
        """Read bytes as `BinaryIO.read` does."""
        content = self.stream.read(size)
        self.position.bytes += len(content)
        return content

    def readline(self, size: int = -1) -> bytes:
        """Read a line as `BinaryIO.readline` does."""
        line = self.stream.readline(size)
        self.position.bytes += len(line)
        return line

    def peek(self, size: int) -> bytes:
        """Return buffered bytes without reading them."""
        return cast(io.BufferedReader, self.stream).peek(size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


def truncated_lines(stream: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Read lines; of a line longer than `max_bytes`, keep one byte more than that.

    stream (BinaryIO): The stream.
    max_bytes (int): The longest line that is kept whole.
    YIELDS (bytes): Lines with their line ends.
    """
    while line := stream.readline(max_bytes + 1):
        rest = line
        while len(rest) > max_bytes and not rest.endswith(b"\n"):
            rest = stream.readline(max_bytes + 1)
        yield line
