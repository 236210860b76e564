"""Cuts texts that are too long for one request, where it hurts least."""

import re
from collections.abc import Iterator

# From the best place to cut to the worst; without any, a text is cut anywhere.
BORDERS = [re.compile(p) for p in (r"\n\s*\n", r"[.!?][\"')\]]*\s+", r"\s+")]
SHORTEST = 200  # characters; what a shorter text needs is not less text

CharSpan = tuple[int, int]


def cut(text: str, most: int) -> Iterator[CharSpan]:
    """Cut a text into pieces of at most so many characters; blank ones are left out.

    YIELDS (CharSpan): First character and one past the last: in order, without overlap; what is
        in no piece is white space.
    """
    start = 0
    while start < len(text):
        end = len(text) if len(text) - start <= most else _best_cut(text, start, start + most)
        if text[start:end].strip():
            yield start, end
        start = end


def halve(text: str) -> list[CharSpan]:
    """Cut a text of at least `SHORTEST` characters in two, near its middle."""
    return list(cut(text, len(text) // 2 + len(text) // 8))


def _best_cut(text: str, start: int, end: int) -> int:
    """The last border of the best kind in the second half of the window."""
    for border in BORDERS:
        cuts = [match.end() for match in border.finditer(text, (start + end) // 2, end)]
        if cuts:
            return cuts[-1]
    return end
