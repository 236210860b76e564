"""Exact search by cosine of character trigrams, weighted by inverse document frequency.

The index holds, for each trigram, the rows that have it. A query adds the weights of its trigrams
row by row, the rare ones first; rows that cannot be among the best any more are left out, so that
the long lists of frequent trigrams are looked up for few rows only. No result is lost.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.linking.trigrams import codes_of, count_rows, read_blocks, sort_by_code

SLACK = 1e-6  # of weights in 32 bits
AT_ONCE = 2**14  # rows of the first lists that are added together
CHECK_AFTER = 4  # times as many rows as at the last look at the best ones


@dataclass(frozen=True)
class NgramIndex:
    """Rows by trigram.

    codes (NDArray): The trigrams that occur, as numbers, ascending. # (V,)
    offsets (NDArray): Where the rows of each trigram begin in `rows`. # (V + 1,)
    rows (NDArray): Rows that have the trigram, ascending. # (P,)
    idf (NDArray): Weight of each trigram. # (V,)
    norms (NDArray): One over the length of each row's vector; 0 for an empty one. # (R,)
    """

    codes: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    idf: NDArray[np.float32]
    norms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.norms)

    @classmethod
    def build(cls, texts: Iterable[str]) -> "NgramIndex":
        """Index texts, one row each."""
        blocks, n_rows = read_blocks(texts)
        used, counts = count_rows(codes for codes, _ in blocks)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        idf = (np.log((1 + n_rows) / (1 + counts)) + 1).astype(np.float32)
        squares = np.zeros(n_rows)
        for codes, rows in blocks:
            weights = idf[np.searchsorted(used, codes)].astype(float) ** 2
            squares += np.bincount(rows, weights=weights, minlength=n_rows)
        norms = np.divide(1, np.sqrt(squares), out=np.zeros(n_rows), where=squares > 0)
        rows = sort_by_code(blocks, used, offsets)
        return cls(used, offsets, rows, idf, norms.astype(np.float32))

    def search(
        self,
        text: str,
        *,
        k: int,
        least: float = 0.3,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The most similar rows, best first; equal ones by row.

        text (str): Made as the indexed texts were.
        k (int): Rows at most.
        least (float): Similarity that a row must have, more than 0.
        allowed (NDArray | None): Rows that may be found. # (R,)
        RETURNS: Rows and similarities.
        """
        known, weights = self._weigh(text)
        rows, scores = self._accumulate(known, weights, k, least, allowed)
        good = scores >= least - SLACK
        rows, scores = rows[good], scores[good]
        if len(rows) > k:  # sort no more than is wanted
            top = scores >= _kth_best(scores, k)
            rows, scores = rows[top], scores[top]
        best = np.lexsort((rows, -scores))[:k]
        return rows[best], scores[best].astype(np.float32)

    def _weigh(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Places of a query's trigrams, the rarest first, and their parts of its unit vector."""
        codes = codes_of(text)
        places = np.searchsorted(self.codes, codes)
        places[places == len(self.codes)] = 0
        known = places[self.codes[places] == codes] if len(self.codes) else places[:0]
        weights = self.idf[known].astype(float)
        # A trigram that no row has lengthens the query's vector as the rarest would.
        rarest = math.log(1 + len(self)) + 1
        length = math.sqrt(weights @ weights + (len(codes) - len(known)) * rarest**2)
        order = np.argsort(self._counts(known), kind="stable")
        return known[order], weights[order] / (length or 1.0)

    def _accumulate(
        self,
        known: NDArray[np.int64],
        weights: NDArray[np.float64],
        k: int,
        least: float,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The rows that can be among the best, and their cosines."""
        # The cosine from trigrams i and later is at most the length of the query's part in them.
        rest = np.sqrt(np.append(np.cumsum((weights**2)[::-1])[::-1], 0.0))
        weights = weights * self.idf[known]
        sums, i, seen = self._add_short(known, weights)
        checked = len(self) // 64
        while i < len(known) and rest[i] >= least - SLACK:  # a new row can still be good enough
            having = self._rows_of(known[i])
            sums[having] += weights[i]
            i, seen = i + 1, seen + len(having)
            if seen > CHECK_AFTER * checked:
                _, scores = self._scored(sums, least - rest[i], allowed)
                least, checked = max(least, _kth_best(scores, k)), seen
        rows, scores = self._scored(sums, least - rest[i], allowed)
        for j in range(i, len(known)):
            alive = scores + rest[j] >= least - SLACK
            rows, scores = rows[alive], scores[alive]
            having = self._rows_of(known[j])
            at = np.searchsorted(having, rows)
            at[at == len(having)] = 0
            more = having[at] == rows
            scores[more] += weights[j] * self.norms[rows[more]]
        return rows, scores

    def _add_short(
        self, known: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], int, int]:
        """The first lists in one go, as long as they are short: a third of the time of one by one.

        RETURNS: What each row has of them; how many lists they are, and rows in them.
        """
        counts = self._counts(known)
        n = int(np.searchsorted(np.cumsum(counts), AT_ONCE, side="right"))
        rows = np.concatenate([self.rows[:0], *map(self._rows_of, known[:n])])
        parts = np.repeat(weights[:n], counts[:n])
        sums = np.bincount(rows, parts, minlength=len(self)).astype(float, copy=False)
        return sums, n, len(rows)

    def _counts(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many rows have each of some trigrams."""
        counts: NDArray[np.int64] = self.offsets[places + 1] - self.offsets[places]
        return counts

    def _scored(
        self, sums: NDArray[np.float64], least: float, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows with a part of the cosine so far, at least this large, and the parts."""
        scores = sums * self.norms
        rows = np.flatnonzero(scores >= least - SLACK if least > SLACK else scores > 0)
        if allowed is not None:
            rows = rows[allowed[rows]]
        return rows, scores[rows]

    def _rows_of(self, place: int) -> NDArray[np.int32]:
        return self.rows[self.offsets[place] : self.offsets[place + 1]]


def _kth_best(scores: NDArray[np.float64], k: int) -> float:
    """0 if there are fewer."""
    if len(scores) < k:
        return 0.0
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])
