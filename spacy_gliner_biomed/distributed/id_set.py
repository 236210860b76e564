"""A set of document ids that takes 16 bytes for each id."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

DIGEST_SIZE = 16  # among 10^9 ids, two have the same digest with a probability below 10^-20


class IdSet:
    """A growing set of ids that stores a digest of each.

    The digests are in sorted arrays, each at least twice as long as the next, so that there are at
    most log2(n) + 1 arrays for n ids. Memory is 16 MB for a million ids, and up to three times that
    while two arrays are merged.
    """

    def __init__(self) -> None:
        self.arrays: list[NDArray[np.bytes_]] = []

    def __len__(self) -> int:
        return sum(map(len, self.arrays))

    def add(self, ids: Sequence[str]) -> list[bool]:
        """Add ids.

        ids (Sequence[str]): The ids.
        RETURNS (list[bool]): For each id, whether it was known before or is earlier in `ids`.
        """
        if not ids:
            return []
        digests = np.array([_digest(name) for name in ids], dtype=f"S{DIGEST_SIZE}")
        new, firsts = np.unique(digests, return_index=True)
        known = np.ones(len(ids), dtype=bool)
        known[firsts] = self._contains(new)
        self._append(new[~known[firsts]])
        return [bool(value) for value in known]

    def contains(self, ids: Sequence[str]) -> list[bool]:
        """Return for each id whether it was added."""
        digests = np.array([_digest(name) for name in ids], dtype=f"S{DIGEST_SIZE}")
        return [bool(value) for value in self._contains(digests)]

    def _contains(self, digests: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        found = np.zeros(len(digests), dtype=bool)
        for array in self.arrays:
            indices = np.minimum(np.searchsorted(array, digests), len(array) - 1)
            found |= array[indices] == digests
        return found

    def _append(self, digests: NDArray[np.bytes_]) -> None:
        if not len(digests):
            return
        self.arrays.append(digests)
        while len(self.arrays) > 1 and len(self.arrays[-2]) < 2 * len(self.arrays[-1]):
            last = self.arrays.pop()
            both = np.concatenate([self.arrays.pop(), last])
            both.sort(kind="stable")  # merges two sorted runs
            self.arrays.append(both)


def _digest(name: str) -> bytes:
    return blake2b(name.encode("utf8"), digest_size=DIGEST_SIZE).digest()
