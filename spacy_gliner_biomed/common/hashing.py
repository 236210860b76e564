"""Hash files without reading them into memory."""

from pathlib import Path
from typing import Protocol

CHUNK = 2**20  # bytes that are read at once


class Digest(Protocol):
    """A digest of hashlib."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""


def add_file(digest: Digest, path: Path) -> None:
    """Add the content of a file to a digest.

    digest (Digest): Changed.
    path (Path): The file.
    """
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
