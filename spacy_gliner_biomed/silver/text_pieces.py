"""Splits texts that are too long for one request, at paragraph or sentence ends if possible."""

import re
from collections.abc import Iterator

from spacy_gliner_biomed.silver.characters import is_inside_character

CharSpan = tuple[int, int]  # first character, and one past the last

# From the best border to the worst; a text without any is split between any two characters.
BORDERS = [re.compile(p) for p in (r"\n\s*\n", r"[.!?][\"')\]]*\s+", r"\s+")]
MIN_SIZE = 200  # characters; a shorter text is not halved, since its length is not the problem


def split_text(text: str, max_size: int) -> Iterator[CharSpan]:
    """Split a text into pieces.

    text (str): The text.
    max_size (int): Maximum number of characters of a piece.
    YIELDS (CharSpan): The pieces, in order and without overlap. Only white space is in no piece.
    """
    start = 0
    while start < len(text):
        is_rest = len(text) - start <= max_size
        end = len(text) if is_rest else _best_border(text, start, start + max_size)
        if text[start:end].strip():
            yield start, end
        start = end


def halve_text(text: str) -> list[CharSpan]:
    """Split a text of at least `MIN_SIZE` characters in two, near its middle."""
    return list(split_text(text, len(text) // 2 + len(text) // 8))


def _best_border(text: str, start: int, end: int) -> int:
    """Return the last border of the best kind in the second half of a window."""
    middle = (start + end) // 2
    for border in BORDERS:
        ends = [match.end() for match in border.finditer(text, middle, end)]
        if ends:
            return ends[-1]
    return next((i for i in range(end, middle, -1) if not is_inside_character(text, i)), end)
