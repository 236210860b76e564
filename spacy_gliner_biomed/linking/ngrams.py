"""Exact search by cosine of character trigrams, weighted by inverse document frequency.

The index holds, for each trigram, the rows that have it. A query adds the weights of its trigrams
row by row, the rare ones first; rows that cannot be among the best any more are left out, so that
the long lists of frequent trigrams are looked up for few rows only. No result is lost.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

BLOCK = 200_000
SPACE, END = 0x20, 0x0A
SLACK = 1e-6  # of weights in 32 bits
AT_ONCE = 2**14  # rows of the first lists that are added together
CHECK_AFTER = 4  # times as many rows as at the last look at the best ones

Block = tuple[NDArray[np.uint32], NDArray[np.int32]]


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
        blocks, n_rows = _read_blocks(texts)
        used, counts = _count(codes for codes, _ in blocks)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        idf = (np.log((1 + n_rows) / (1 + counts)) + 1).astype(np.float32)
        squares = np.zeros(n_rows)
        for codes, rows in blocks:
            weights = idf[np.searchsorted(used, codes)].astype(float) ** 2
            squares += np.bincount(rows, weights=weights, minlength=n_rows)
        norms = np.divide(1, np.sqrt(squares), out=np.zeros(n_rows), where=squares > 0)
        rows = _sort_by_code(blocks, used, offsets)
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
        codes = _codes(text)
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


def _read_blocks(texts: Iterable[str]) -> tuple[list[Block], int]:
    """Trigrams and rows of texts, in blocks sorted by trigram; and the number of rows."""
    blocks, n_rows = [], 0
    stream = iter(texts)
    while block := list(islice(stream, BLOCK)):
        codes, rows = trigrams(block)
        blocks.append((codes.astype(np.uint32), (rows + n_rows).astype(np.int32)))
        n_rows += len(block)
    return blocks, n_rows


def _count(
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


def _sort_by_code(
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


def _codes(text: str) -> NDArray[np.uint32]:
    """As `trigrams` of one text, which for few bytes is slower."""
    data = f" {text} ".encode()
    found = {
        first << 16 | middle << 8 | last
        for first, middle, last in zip(data, data[1:], data[2:], strict=False)
        if middle != SPACE and END not in (first, middle, last)
    }
    return np.array(sorted(found), dtype=np.uint32)


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
