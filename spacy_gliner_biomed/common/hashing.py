"""Hash files, without reading them into memory, and values."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

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


def digest_of_values(values: Any) -> str:
    """Return the SHA-256 of values that JSON can hold, as hexadecimal. The order of keys does not
    matter.
    """
    return sha256(json.dumps(values, sort_keys=True).encode("ascii")).hexdigest()
