"""Exact search by cosine of character trigrams, weighted by inverse document frequency.

The index is an inverted file: for each trigram, the rows that contain it. A query adds the weights
of its trigrams for all rows at once, which is a sparse matrix product.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.common.batches import batches

TOLERANCE = 1e-6  # the weights are 32-bit floats
BLOCK = 200_000  # texts whose trigrams are extracted together
SPACE, END = 0x20, 0x0A

# Rows and their cosines, best first.
SimilarRows = tuple[NDArray[np.int64], NDArray[np.float64]]
# Trigrams and the rows that contain them.
TrigramBlock = tuple[NDArray[np.uint32], NDArray[np.int32]]


class QueryTrigrams(NamedTuple):
    """The trigrams of a query that the index contains.

    indices (NDArray): Positions in the index. # (T,)
    weights (NDArray): The weight that each adds to a row that contains it. # (T,)
    """

    indices: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class NgramIndex:
    """Rows by trigram.

    codes (NDArray): The trigrams that occur, as numbers, ascending. # (V,)
    offsets (NDArray): Start of each trigram's rows in `rows`. # (V + 1,)
    rows (NDArray): Rows that contain each trigram, ascending. # (P,)
    idf (NDArray): Weight of each trigram. # (V,)
    norms (NDArray): One over the length of each row's vector; 0 for an empty row. # (R,)
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
        """Index texts.

        texts (Iterable[str]): One for each row.
        RETURNS (NgramIndex): The index.
        """
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
        min_cosine: float = 0.3,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[SimilarRows]:
        """Find the rows most similar to each text.

        texts (Sequence[str]): Queries, normalized as the indexed texts were.
        k (int): Maximum number of rows for each query.
        min_cosine (float): Minimum cosine of a row; must be above 0.
        allowed (NDArray | None): Rows that may be found; None for all. # (R,)
        RETURNS (list[SimilarRows]): Rows and cosines of each query, best first; equal cosines
            by row.
        """
        return [
            _best(*self._select(self._sum_weights(query), min_cosine, allowed), k)
            for query in self._weigh(texts)
        ]

    def _weigh(self, texts: Sequence[str]) -> list[QueryTrigrams]:
        """Weigh the trigrams of all texts together: one text has too few to call numpy for."""
        codes, owners = (found.astype(int) for found in trigrams(texts))
        indices, known = _look_up(self.codes, codes.astype(np.uint32))
        # An unknown trigram lengthens the query's vector as the rarest would.
        idf = np.full(len(codes), math.log(1 + len(self)) + 1)
        idf[known] = self.idf[indices[known]]
        lengths = np.sqrt(np.bincount(owners, idf**2, minlength=len(texts)))
        order = np.argsort(owners, kind="stable")
        order = order[known[order]]
        indices, owners, idf = indices[order], owners[order], idf[order]
        weights = idf**2 / lengths[owners]
        ends = np.cumsum(np.bincount(owners, minlength=len(texts))).tolist()
        return [
            QueryTrigrams(indices[first:end], weights[first:end])
            for first, end in pairwise([0, *ends])
        ]

    def _sum_weights(self, query: QueryTrigrams) -> NDArray[np.float64]:
        """Sum the query's weights for each row, in one pass over all lists. # (R,)"""
        starts, ends = self.offsets[query.indices], self.offsets[query.indices + 1]
        slices = zip(starts.tolist(), ends.tolist(), strict=True)
        rows = np.concatenate([self.rows[:0], *(self.rows[first:end] for first, end in slices)])
        weights = np.repeat(query.weights, ends - starts)
        return np.bincount(rows, weights, minlength=len(self)).astype(float, copy=False)

    def _select(
        self, sums: NDArray[np.float64], min_cosine: float, allowed: NDArray[np.bool_] | None
    ) -> SimilarRows:
        """Select the allowed rows whose cosine is high enough."""
        cosines = sums * self.norms
        rows = np.flatnonzero(cosines >= max(min_cosine - TOLERANCE, sys.float_info.min))
        if allowed is not None:
            rows = rows[allowed[rows]]
        return rows, cosines[rows]


def _look_up(
    codes: NDArray[np.uint32], wanted: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find the indices of codes, and which of them exist."""
    if not len(codes):
        return np.zeros(len(wanted), int), np.zeros(len(wanted), bool)
    indices = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return indices, codes[indices] == wanted


def _best(rows: NDArray[np.int64], cosines: NDArray[np.float64], k: int) -> SimilarRows:
    """Sort the best k rows; equal cosines by row."""
    if len(rows) > k:  # sort only the rows that can be among them
        kth_best = np.partition(cosines, len(cosines) - k)[len(cosines) - k]
        top = cosines >= kth_best
        rows, cosines = rows[top], cosines[top]
    best = np.lexsort((rows, -cosines))[:k]
    return rows[best], cosines[best]


def trigrams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Extract the trigrams of bytes inside words, padded with a space on both sides.

    texts (Sequence[str]): Texts without line breaks.
    RETURNS (tuple[NDArray, NDArray]): Trigrams as numbers and the indices of their texts; each
        pair once, ascending.
    """
    joined = "\n".join(f" {text} " for text in texts).encode("utf8") + b"\n"
    data = np.frombuffer(joined, dtype=np.uint8).astype(np.int64)
    row = np.cumsum(data == END)  # a line break is the last byte of its row, plus one
    first, middle, last = data[:-2], data[1:-1], data[2:]
    whole = (middle != SPACE) & (first != END) & (middle != END) & (last != END)
    codes = (first << 16 | middle << 8 | last)[whole]
    pairs = np.unique(codes << 32 | row[:-2][whole])
    return pairs >> 32, pairs & 0xFFFFFFFF


def read_blocks(texts: Iterable[str]) -> tuple[list[TrigramBlock], int]:
    """Extract the trigrams of many texts in blocks, which bounds the memory that it takes.

    texts (Iterable[str]): One for each row.
    RETURNS (tuple[list[TrigramBlock], int]): Blocks sorted by trigram, and the number of rows.
    """
    blocks, n_rows = [], 0
    for block in batches(texts, BLOCK):
        codes, rows = trigrams(block)
        blocks.append((codes.astype(np.uint32), (rows + n_rows).astype(np.int32)))
        n_rows += len(block)
    return blocks, n_rows


def count_rows(
    blocks: Iterable[NDArray[np.uint32]],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Count the rows that contain each trigram.

    blocks (Iterable[NDArray]): The trigrams of each block.
    RETURNS (tuple[NDArray, NDArray]): All trigrams, ascending, and their numbers of rows.
    """
    parts = [np.unique(codes, return_counts=True) for codes in blocks]
    if not parts:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    used, indices = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
    counts = np.zeros(len(used), dtype=np.int64)
    np.add.at(counts, indices, np.concatenate([n for _, n in parts]))
    return used, counts


def sort_by_code(
    blocks: list[TrigramBlock], used: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Sort the rows of all blocks by trigram, each list ascending.

    blocks (list[TrigramBlock]): Emptied one by one, to save memory.
    used (NDArray): All trigrams, ascending. # (V,)
    offsets (NDArray): Start of each trigram's rows in the result. # (V + 1,)
    RETURNS (NDArray): The rows. # (P,)
    """
    sorted_rows = np.empty(offsets[-1], dtype=np.int32)
    next_free = offsets[:-1].copy()
    for i in range(len(blocks)):
        codes, rows = blocks[i]
        blocks[i] = (codes[:0], rows[:0])
        starts = np.flatnonzero(np.diff(codes.astype(np.int64), prepend=-1))
        lengths = np.diff(starts, append=len(codes))
        indices = np.searchsorted(used, codes[starts])
        shift = np.repeat(next_free[indices] - starts, lengths)
        sorted_rows[np.arange(len(codes)) + shift] = rows
        next_free[indices] += lengths
    return sorted_rows
