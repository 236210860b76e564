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
        known, weights, counts = self._weigh(text)
        if counts.sum() <= AT_ONCE:
            rows, scores = self._scored(self._add(known, weights, counts), least, allowed)
        else:
            rows, scores = self._prune(known, weights, counts, k, least, allowed)
        if len(rows) > k:  # sort no more than is wanted
            top = scores >= _kth_best(scores, k)
            rows, scores = rows[top], scores[top]
        best = np.lexsort((rows, -scores))[:k]
        return rows[best], scores[best].astype(np.float32)

    def _weigh(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Places of a query's trigrams, what each adds to a sum, and how many rows have it."""
        codes = codes_of(text)
        places = self.codes.searchsorted(codes)
        places[places == len(self.codes)] = 0
        known = places[self.codes[places] == codes] if len(self.codes) else places[:0]
        idf = self.idf[known].astype(float)
        # A trigram that no row has lengthens the query's vector as the rarest would.
        rarest = math.log(1 + len(self)) + 1
        length = math.sqrt(idf @ idf + (len(codes) - len(known)) * rarest**2)
        return known, idf * idf / (length or 1.0), self.offsets[known + 1] - self.offsets[known]

    def _add(
        self, known: NDArray[np.int64], weights: NDArray[np.float64], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """What each row has of some lists, in one go: a third of the time of one by one."""
        starts = self.offsets[known]
        places = zip(starts.tolist(), (starts + counts).tolist(), strict=True)
        rows = np.concatenate([self.rows[:0], *(self.rows[first:end] for first, end in places)])
        sums = np.bincount(rows, np.repeat(weights, counts), minlength=len(self))
        return sums.astype(float, copy=False)

    def _prune(
        self,
        known: NDArray[np.int64],
        weights: NDArray[np.float64],
        counts: NDArray[np.int64],
        k: int,
        least: float,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The rows that can be among the best, and their cosines: rare trigrams first."""
        order = np.argsort(counts, kind="stable")
        known, weights, counts = known[order], weights[order], counts[order]
        # The cosine from trigrams i and later is at most the length of the query's part in them.
        parts = weights / self.idf[known]
        rest = np.sqrt(np.append(np.cumsum((parts**2)[::-1])[::-1], 0.0))
        i = int(np.searchsorted(np.cumsum(counts), AT_ONCE, side="right"))
        sums, seen = self._add(known[:i], weights[:i], counts[:i]), int(counts[:i].sum())
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
        good = scores >= least - SLACK
        return rows[good], scores[good]

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
