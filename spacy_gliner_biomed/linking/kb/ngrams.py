"""Exact search by cosine of character trigrams, weighted by inverse document frequency.

The index holds, for each trigram, the rows that have it. A query adds the weights of its trigrams
row by row, the rare ones first; rows that cannot be among the best any more are left out, so that
the long lists of frequent trigrams are looked up for few rows only. No result is lost.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SLACK = 1e-6  # of weights in 32 bits
# So many rows of lists are added together at least, or this share of all rows: pruning looks at all
# rows several times.
AT_ONCE, SHARE_AT_ONCE = 2**16, 0.5
CHECK_AFTER = 4  # times as many rows as at the last look at the best ones

# Rows and their cosines.
Found = tuple[NDArray[np.int64], NDArray[np.float64]]


class Query(NamedTuple):
    """The trigrams of a text that rows have.

    places (NDArray): Of the trigrams in the index.
    weights (NDArray): What each adds to the sum of a row.
    counts (NDArray): How many rows have it.
    """

    places: NDArray[np.int64]
    weights: NDArray[np.float64]
    counts: NDArray[np.int64]

    def at(self, chosen: NDArray[np.int64] | slice) -> "Query":
        """Some of them."""
        return Query(self.places[chosen], self.weights[chosen], self.counts[chosen])


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
        texts: Sequence[str],
        *,
        k: int,
        least: float = 0.3,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Found]:
        """The rows most similar to each text, best first; equal ones by row.

        texts (Sequence[str]): Made as the indexed ones were.
        k (int): Rows at most.
        least (float): Similarity that a row must have, more than 0.
        allowed (NDArray | None): Rows that may be found. # (R,)
        RETURNS (list[Found]): Rows and similarities, for each text.
        """
        found = []
        for query in self._weigh(texts):
            if query.counts.sum() <= self._at_once:
                rows, scores = self._scored(self._add(query), least, allowed)
            else:
                rows, scores = self._prune(query, k, least, allowed)
            found.append(_best(rows, scores, k))
        return found

    @property
    def _at_once(self) -> float:
        return max(AT_ONCE, SHARE_AT_ONCE * len(self))

    def _weigh(self, texts: Sequence[str]) -> list[Query]:
        """The trigrams of each text; of all texts at once, since one has few."""
        codes, owners = (found.astype(int) for found in trigrams(texts))
        places, known = _look_up(self.codes, codes.astype(np.uint32))
        # A trigram that no row has lengthens the query's vector as the rarest would.
        idf = np.full(len(codes), math.log(1 + len(self)) + 1)
        idf[known] = self.idf[places[known]]
        lengths = np.sqrt(np.bincount(owners, idf**2, minlength=len(texts)))
        order = np.argsort(owners, kind="stable")
        order = order[known[order]]
        places, owners, idf = places[order], owners[order], idf[order]
        weights = idf**2 / lengths[owners]
        counts = self.offsets[places + 1] - self.offsets[places]
        ends = np.cumsum(np.bincount(owners, minlength=len(texts))).tolist()
        return [
            Query(places[first:end], weights[first:end], counts[first:end])
            for first, end in pairwise([0, *ends])
        ]

    def _add(self, query: Query) -> NDArray[np.float64]:
        """What each row has of some lists, in one go: a third of the time of one by one."""
        starts = self.offsets[query.places]
        places = zip(starts.tolist(), (starts + query.counts).tolist(), strict=True)
        rows = np.concatenate([self.rows[:0], *(self.rows[first:end] for first, end in places)])
        weights = np.repeat(query.weights, query.counts)
        return np.bincount(rows, weights, minlength=len(self)).astype(float, copy=False)

    def _prune(
        self,
        query: Query,
        k: int,
        least: float,
        allowed: NDArray[np.bool_] | None,
    ) -> Found:
        """The rows that can be among the best, and their cosines: rare trigrams first."""
        order = np.argsort(query.counts, kind="stable")
        places, weights, counts = query = query.at(order)
        # The cosine from trigrams i and later is at most the length of the query's part in them.
        parts = weights / self.idf[places]
        rest = np.sqrt(np.append(np.cumsum((parts**2)[::-1])[::-1], 0.0))
        i = int(np.searchsorted(np.cumsum(counts), self._at_once, side="right"))
        sums, seen = self._add(query.at(slice(i))), int(counts[:i].sum())
        checked = len(self) // 64
        while i < len(places) and rest[i] >= least - SLACK:  # a new row can still be good enough
            having = self._rows_of(places[i])
            sums[having] += weights[i]
            i, seen = i + 1, seen + len(having)
            if seen > CHECK_AFTER * checked:
                _, scores = self._scored(sums, least - rest[i], allowed)
                least, checked = max(least, _kth_best(scores, k)), seen
        rows, scores = self._scored(sums, least - rest[i], allowed)
        for j in range(i, len(places)):
            alive = scores + rest[j] >= least - SLACK
            rows, scores = rows[alive], scores[alive]
            having = self._rows_of(places[j])
            at = np.searchsorted(having, rows)
            at[at == len(having)] = 0
            more = having[at] == rows
            scores[more] += weights[j] * self.norms[rows[more]]
        good = scores >= least - SLACK
        return rows[good], scores[good]

    def _scored(
        self, sums: NDArray[np.float64], least: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        """Rows with a part of the cosine so far, at least this large, and the parts."""
        scores = sums * self.norms
        rows = np.flatnonzero(scores >= least - SLACK if least > SLACK else scores > 0)
        if allowed is not None:
            rows = rows[allowed[rows]]
        return rows, scores[rows]

    def _rows_of(self, place: int) -> NDArray[np.int32]:
        return self.rows[self.offsets[place] : self.offsets[place + 1]]


def _look_up(
    codes: NDArray[np.uint32], wanted: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places of codes, and which are there."""
    if not len(codes):
        return np.zeros(len(wanted), int), np.zeros(len(wanted), bool)
    places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return places, codes[places] == wanted


def _best(rows: NDArray[np.int64], scores: NDArray[np.float64], k: int) -> Found:
    """The best k, in order."""
    if len(rows) > k:  # sort no more than is wanted
        top = scores >= _kth_best(scores, k)
        rows, scores = rows[top], scores[top]
    best = np.lexsort((rows, -scores))[:k]
    return rows[best], scores[best]


def _kth_best(scores: NDArray[np.float64], k: int) -> float:
    """0 if there are fewer."""
    if len(scores) < k:
        return 0.0
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


BLOCK = 200_000
SPACE, END = 0x20, 0x0A

Block = tuple[NDArray[np.uint32], NDArray[np.int32]]


def trigrams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Trigrams of bytes inside words, which are padded with a space on both sides.

    RETURNS: Codes and the places of their texts, each pair once, ascending.
    """
    joined = "\n".join(f" {text} " for text in texts).encode("utf8") + b"\n"
    data = np.frombuffer(joined, dtype=np.uint8).astype(np.int64)
    row = np.cumsum(data == END)  # a line break is the last byte of its row, plus one
    first, middle, last = data[:-2], data[1:-1], data[2:]
    whole = (middle != SPACE) & (first != END) & (middle != END) & (last != END)
    codes = (first << 16 | middle << 8 | last)[whole]
    pairs = np.unique(codes << 32 | row[:-2][whole])
    return pairs >> 32, pairs & 0xFFFFFFFF


def read_blocks(texts: Iterable[str]) -> tuple[list[Block], int]:
    """Trigrams and rows of texts, in blocks sorted by trigram; and the number of rows."""
    blocks, n_rows = [], 0
    stream = iter(texts)
    while block := list(islice(stream, BLOCK)):
        codes, rows = trigrams(block)
        blocks.append((codes.astype(np.uint32), (rows + n_rows).astype(np.int32)))
        n_rows += len(block)
    return blocks, n_rows


def count_rows(
    blocks: Iterable[NDArray[np.uint32]],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All trigrams of the blocks, ascending, and how many rows have each."""
    parts = [np.unique(codes, return_counts=True) for codes in blocks]
    if not parts:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    used, places = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
    counts = np.zeros(len(used), dtype=np.int64)
    np.add.at(counts, places, np.concatenate([n for _, n in parts]))
    return used, counts


def sort_by_code(
    blocks: list[Block], used: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The rows of all blocks by trigram, ascending; the blocks are used up, to save memory."""
    sorted_rows = np.empty(offsets[-1], dtype=np.int32)
    next_free = offsets[:-1].copy()
    for i in range(len(blocks)):
        codes, rows = blocks[i]
        blocks[i] = (codes[:0], rows[:0])
        starts = np.flatnonzero(np.diff(codes.astype(np.int64), prepend=-1))
        lengths = np.diff(starts, append=len(codes))
        places = np.searchsorted(used, codes[starts])
        shift = np.repeat(next_free[places] - starts, lengths)
        sorted_rows[np.arange(len(codes)) + shift] = rows
        next_free[places] += lengths
    return sorted_rows
