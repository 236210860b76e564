"""Character trigrams of names as numbers, and lists of the rows that have each."""

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

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
