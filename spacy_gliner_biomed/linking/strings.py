"""Many strings in two arrays, and rows by the hash of a string."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.strings import hash_string  # type: ignore[attr-defined]

from spacy_gliner_biomed.errors import Errors

__all__ = ["HashTable", "StringTable", "hash_string"]


@dataclass(frozen=True)
class StringTable:
    """Strings by row.

    data (NDArray): Their UTF-8 bytes, one after the other.
    offsets (NDArray): Where each begins. # (N + 1,)
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def build(cls, strings: Iterable[str]) -> "StringTable":
        """Store strings in order."""
        parts = [string.encode("utf8") for string in strings]
        offsets = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        first, end = self.offsets.item(row), self.offsets.item(row + 1)
        try:
            return self.data[first:end].tobytes().decode("utf8")
        except UnicodeDecodeError as error:
            raise ValueError(Errors.E151.format(row=row, error=error)) from error


@dataclass(frozen=True)
class HashTable:
    """Rows by the 64-bit hashes of their keys; a key may have several rows.

    hashes (NDArray): Ascending. # (N,)
    rows (NDArray): Row of each hash; ascending where hashes are equal. # (N,)
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]

    @classmethod
    def build(cls, hashes: Sequence[int], rows: Sequence[int] | None = None) -> "HashTable":
        """Store rows by the hashes of their keys; by default rows are numbered from 0."""
        array = np.array(hashes, dtype=np.uint64)
        order = np.argsort(array, kind="stable")
        numbers = order if rows is None else np.array(rows, dtype=np.int32)[order]
        return cls(array[order], numbers.astype(np.int32))

    def find(self, keys: Sequence[str]) -> list[list[int]]:
        """The rows of each key. To hand one hash to numpy takes longer than to look it up, so
        that many keys are found in a third of the time of one by one.
        """
        wanted = np.array([hash_string(key) for key in keys], dtype=np.uint64)
        firsts = self.hashes.searchsorted(wanted)
        ends = self.hashes.searchsorted(wanted, side="right")
        places = zip(firsts.tolist(), ends.tolist(), strict=True)
        return [self.rows[i:j].tolist() if i < j else [] for i, j in places]
