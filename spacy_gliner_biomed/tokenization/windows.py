"""Cuts long texts into overlapping windows of words, and decides which window owns a span.

- A text that fits is one window, whatever its sentences.
- A window ends on the last sentence border in its second half, if there is one. The next window
  starts on a sentence border, if one is near. Otherwise both fall anywhere.
- Windows overlap by at least K words, so that each span of up to K words is whole in one of them.
- If a span is whole in several windows, the window with the most context on the span's poorer side
  owns it; the earlier one if they tie. The first and the last window need no rule of their own: a
  span near the text's start or end has most context in them. Ownership follows from positions
  alone, so that no scores have to be stored to decide it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from spacy_gliner_biomed.types import BoolArray, IntArray

Window = tuple[int, int]
NO_LIMIT = np.iinfo(np.int32).max  # subtokens, of a model without a limit


def cut_windows(
    counts: IntArray,
    sentence_starts: Sequence[int],
    *,
    size: int,
    overlap: int,
    max_width: int,
    budget: int,
) -> list[Window]:
    """Cut a text into windows that cover each of its words.

    counts (IntArray): Subtokens of each word, see `limit_counts`. # (W,)
    sentence_starts (Sequence[int]): Index of the first word of each sentence, ascending.
    size (int): Maximum number of words in a window.
    overlap (int): Minimum number of words that neighbouring windows share; less than `size`.
        Shorter windows share proportionally fewer, but not fewer than `max_width`.
    max_width (int): K, words in the widest span; `size` is at least 2 * K.
    budget (int): Maximum number of subtokens in a window; any 2 * K words have to fit.
    RETURNS (list[Window]): Pairs of first word and one past the last; both ascend strictly.
    """
    n_words = len(counts)
    totals = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    windows: list[Window] = []
    start = last_end = 0
    while last_end < n_words:
        end = int(np.searchsorted(totals, totals[start] + budget, side="right")) - 1
        end = min(end, start + size, n_words)
        if end <= last_end:  # no room for a new word beside the overlap: give up some of it
            start += 1
            continue
        length = end - start
        if end < n_words:
            min_length = max(length // 2, min(2 * max_width, length), last_end - start + 1)
            end = _border_before(sentence_starts, end, floor=start + min_length)
        windows.append((start, end))
        last_end, length = end, end - start
        shared = max(overlap * length // size, min(max_width, length // 2))
        floor = max(start + 1, end - shared - (length - shared) // 2)
        start = _border_before(sentence_starts, end - shared, floor=floor)
    return windows


def limit_counts(counts: IntArray, *, run: int, budget: int) -> IntArray:
    """Truncate words of very many subtokens, so that each run of words fits into a window.

    Only words in a run that does not fit are truncated, to an equal share of the budget.

    counts (IntArray): Subtokens of each word. # (W,)
    run (int): Words that a window has to hold.
    budget (int): Subtokens in a window.
    RETURNS (IntArray): Subtokens of each word that are used. # (W,)
    """
    if not len(counts) or int(counts.sum(dtype=np.int64)) <= budget:
        return counts
    share = max(budget // run, 1)
    totals = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    starts = np.arange(len(counts))
    ends = np.minimum(starts + run, len(counts))
    too_long = (totals[ends] - totals[starts]) > budget
    # A word is in a run that is too long if one of the `run` runs that hold it is.
    n_too_long = np.concatenate([[0], np.cumsum(too_long)])
    inside = n_too_long[starts + 1] > n_too_long[np.maximum(starts - run + 1, 0)]
    limited: IntArray = np.where(inside, np.minimum(counts, share), counts).astype(np.int32)
    return limited


def owned(starts: IntArray, ends: IntArray, windows: Sequence[Window], index: int) -> BoolArray:
    """Return which spans of a window it owns, by the rule at the top of this file.

    starts, ends (IntArray): Words of the text, end exclusive; whole in the window. # (N,)
    windows (Sequence[Window]): All windows of the text.
    index (int): The window.
    RETURNS (BoolArray): # (N,)
    """
    mine = _context(starts, ends, windows[index])
    keep = np.ones(len(starts), dtype=bool)
    for other in _overlapping(windows, index):
        theirs = _context(starts, ends, windows[other])
        keep &= mine >= theirs if other > index else mine > theirs
    return keep


def _context(starts: IntArray, ends: IntArray, window: Window) -> IntArray:
    """Return the words of context on a span's poorer side; negative if the window cuts it."""
    first, last = window
    context: IntArray = np.minimum(starts - np.int32(first), np.int32(last) - ends)
    return context


def _overlapping(windows: Sequence[Window], index: int) -> list[int]:
    start, end = windows[index]
    first = bisect_right(windows, start, key=lambda window: window[1])
    last = bisect_left(windows, end, key=lambda window: window[0])
    return [other for other in range(first, last) if other != index]


def _border_before(borders: Sequence[int], position: int, *, floor: int) -> int:
    """Return the last border in [floor, position], or the position itself."""
    found = bisect_right(borders, position) - 1
    return borders[found] if found >= 0 and borders[found] >= floor else position
