"""Finds the quotes of a language model in the text, so that nothing invented is written.

A quote is searched for exactly, then ignoring case, white space and the form of Unicode (an accent
may be a character of its own), then with a few changed characters. The first search that finds
something gives all its matches (the last gives one).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.silver.answers import MAX_QUOTE
from spacy_gliner_biomed.silver.characters import (
    ComposedText,
    compose,
    compose_text,
    is_border,
)
from spacy_gliner_biomed.silver.text_pieces import CharSpan

EXACT, CASE, FUZZY = "exact", "case", "fuzzy"


@dataclass(frozen=True)
class QuoteMatch:
    """Where a quote was found.

    spans (Sequence[CharSpan]): Its spans in the text; empty if it was not found.
    how (str): `EXACT`, `CASE` or `FUZZY`; empty if it was not found.
    """

    spans: Sequence[CharSpan]
    how: str = ""


class QuotedText:
    """A text in which quotes are searched for.

    text (str): The text.
    min_similarity (float): Minimum similarity of a fuzzy match: 1 - edits / length of the longer
        string, where an edit inserts, deletes or changes a character. Digits must be equal.
        1 allows no fuzzy match.
    """

    def __init__(self, text: str, *, min_similarity: float = 0.9) -> None:
        self.text = text
        self.min_similarity = min_similarity

    def find(self, quote: str) -> QuoteMatch:
        """Find a quote; no match begins or ends inside a word.

        quote (str): The quote.
        RETURNS (QuoteMatch): Its spans, and how it was found.
        """
        words = quote.split()
        if not words or len(quote) > MAX_QUOTE:
            return QuoteMatch([])
        exact = _matches(self.text, re.escape(quote.strip()))
        if exact:
            return QuoteMatch(exact, EXACT)
        composed = [compose(word) for word in words]
        pattern = r"\s+".join(map(re.escape, composed))
        relaxed = _matches(self.composed.text, pattern, re.IGNORECASE)
        if relaxed:
            return QuoteMatch([self.composed.original(span) for span in relaxed], CASE)
        return self._closest(" ".join(composed))

    @cached_property
    def composed(self) -> ComposedText:
        """The text in the composed form of Unicode."""
        return compose_text(self.text)

    @cached_property
    def starts(self) -> list[int]:
        """Characters of the composed text at which a match may begin, ascending."""
        text = self.composed.text
        return [i for i in range(len(text)) if not text[i].isspace() and is_border(text, i)]

    @cached_property
    def ends(self) -> list[int]:
        """Characters of the composed text at which a match may end, ascending."""
        text = self.composed.text
        ends = range(1, len(text) + 1)
        return [i for i in ends if not text[i - 1].isspace() and is_border(text, i)]

    def _closest(self, quote: str) -> QuoteMatch:
        # A span that is n characters longer has at least n edits; 1e-9 absorbs rounding errors.
        max_change = int(len(quote) / self.min_similarity - len(quote) + 1e-9)
        if not max_change:
            return QuoteMatch([])
        process, levenshtein = _import_rapidfuzz()
        spans = self._spans_of_size(len(quote) - max_change, len(quote) + max_change)
        wanted = quote.lower()
        choices = {span: self.composed.text[slice(*span)].lower() for span in spans}
        digits = _digits(wanted)
        found = process.extractOne(
            wanted,
            {span: words for span, words in choices.items() if _digits(words) == digits},
            scorer=levenshtein.normalized_similarity,
            score_cutoff=self.min_similarity,
        )
        if found is None:
            return QuoteMatch([])
        return QuoteMatch([self.composed.original(found[2])], FUZZY)

    def _spans_of_size(self, min_size: int, max_size: int) -> list[CharSpan]:
        spans = []
        for start in self.starts:
            first = bisect_left(self.ends, start + max(min_size, 1))
            last = bisect_right(self.ends, start + max_size)
            spans += [(start, end) for end in self.ends[first:last]]
        return spans


def _matches(text: str, pattern: str, flags: int = 0) -> list[CharSpan]:
    spans, at = [], 0
    search = re.compile(pattern, flags).search
    while (match := search(text, at)) is not None:
        start, end = match.span()
        whole = is_border(text, start) and is_border(text, end)
        if whole:
            spans.append((start, end))
        at = end if whole else start + 1
    return spans


def _digits(text: str) -> list[str]:
    """Return the digits of a text: interleukin-12 is not interleukin-13, however similar."""
    return [character for character in text if character.isdigit()]


def check_similarity(min_similarity: float) -> None:
    """Import what fuzzy matching needs, before anything is paid for.

    min_similarity (float): See `QuotedText`.
    RAISES (ImportError): If rapidfuzz is needed and not installed.
    """
    if min_similarity < 1:
        _import_rapidfuzz()


def _import_rapidfuzz() -> tuple[Any, Any]:
    what = "Finding quotes with changed characters (run.similarity below 1)"
    names = ("rapidfuzz.process", "rapidfuzz.distance.Levenshtein")
    process, levenshtein = (import_optional(name, what, extra="llm") for name in names)
    return process, levenshtein
