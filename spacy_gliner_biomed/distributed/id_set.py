"""Which document ids were seen, in 16 bytes each."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

DIGEST_SIZE = 16  # among 10^9 ids, two have the same digest with a probability below 10^-20


class IdSet:
    """A growing set of ids that holds a digest of each.

    The digests lie in sorted arrays whose sizes halve, each at least twice the next: as many
    arrays as the number of ids has binary digits, at most. Memory is 16 MB for a million ids,
    and three times that for the moment in which two arrays become one.
    """

    def __init__(self) -> None:
        self.arrays: list[NDArray[np.bytes_]] = []

    def __len__(self) -> int:
        return sum(map(len, self.arrays))

    def add(self, ids: Sequence[str]) -> list[bool]:
        """Add ids.

        RETURNS (list[bool]): For each whether it was there before, or is earlier in `ids`.
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
        """Whether each of some ids was added."""
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
