"""Finds the quotes of a language model in the text, so that nothing invented is written.

A quote is searched for exactly, then ignoring case and white space, then with a few changed
characters. The first search that finds something gives all its matches (the last gives one).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.silver.answers import MAX_QUOTE
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
        exact = self._matches(re.escape(quote.strip()), re.NOFLAG)
        if exact:
            return QuoteMatch(exact, EXACT)
        relaxed = self._matches(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
        if relaxed:
            return QuoteMatch(relaxed, CASE)
        return self._closest(" ".join(words))

    @cached_property
    def starts(self) -> list[int]:
        """Characters at which a match may begin, ascending."""
        return [
            i
            for i in range(len(self.text))
            if not self.text[i].isspace() and is_border(self.text, i)
        ]

    @cached_property
    def ends(self) -> list[int]:
        """Characters at which a match may end, ascending."""
        return [
            i
            for i in range(1, len(self.text) + 1)
            if not self.text[i - 1].isspace() and is_border(self.text, i)
        ]

    def _matches(self, pattern: str, flags: re.RegexFlag) -> list[CharSpan]:
        spans, at = [], 0
        search = re.compile(pattern, flags).search
        while (match := search(self.text, at)) is not None:
            start, end = match.span()
            whole = is_border(self.text, start) and is_border(self.text, end)
            if whole:
                spans.append((start, end))
            at = end if whole else start + 1
        return spans

    def _closest(self, quote: str) -> QuoteMatch:
        # A span that is n characters longer has at least n edits; 1e-9 absorbs rounding errors.
        max_change = int(len(quote) / self.min_similarity - len(quote) + 1e-9)
        if not max_change:
            return QuoteMatch([])
        process, levenshtein = _import_rapidfuzz()
        spans = self._spans_of_size(len(quote) - max_change, len(quote) + max_change)
        wanted = quote.lower()
        choices = {span: self.text[slice(*span)].lower() for span in spans}
        digits = _digits(wanted)
        found = process.extractOne(
            wanted,
            {span: words for span, words in choices.items() if _digits(words) == digits},
            scorer=levenshtein.normalized_similarity,
            score_cutoff=self.min_similarity,
        )
        return QuoteMatch([]) if found is None else QuoteMatch([found[2]], FUZZY)

    def _spans_of_size(self, min_size: int, max_size: int) -> list[CharSpan]:
        spans = []
        for start in self.starts:
            first = bisect_left(self.ends, start + max(min_size, 1))
            last = bisect_right(self.ends, start + max_size)
            spans += [(start, end) for end in self.ends[first:last]]
        return spans


def is_border(text: str, i: int) -> bool:
    """Return whether a word may begin or end before a character.

    There is no border between two letters or digits, except in scripts without capitals, most
    of which write no spaces (Chinese, Japanese, Thai).

    text (str): The text.
    i (int): Index of the character.
    """
    if i <= 0 or i >= len(text):
        return True
    before, after = text[i - 1], text[i]
    if not (before.isalnum() and after.isalnum()):
        return True
    return _is_caseless(before) or _is_caseless(after)


def _is_caseless(character: str) -> bool:
    return character.isalpha() and character.lower() == character.upper()


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
