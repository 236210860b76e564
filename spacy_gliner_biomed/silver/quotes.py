"""Finds what a language model quotes in the text, and nothing that is not there.

A quote is searched exactly, then in any case and with any white space, then with few changed
characters. The first way that finds something gives all its places (the last gives one).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.silver.answers import LONGEST_QUOTE

EXACT, CASE, FUZZY = "exact", "case", "fuzzy"
CharSpan = tuple[int, int]


@dataclass(frozen=True)
class QuoteMatch:
    """Where a quote stands, and how it was found; no places if it was not."""

    places: Sequence[CharSpan]
    how: str = ""


class QuotedText:
    """A text in which quotes are searched.

    text (str): The text.
    least (float): Least similarity of a fuzzy match, 1 - edits / length of the longer one, where
        an edit inserts, deletes or changes a character; digits must be equal. 1 for no fuzziness.
    """

    def __init__(self, text: str, *, least: float = 0.9) -> None:
        self.text = text
        self.least = least

    def find(self, quote: str) -> QuoteMatch:
        """Find a quote; no place begins or ends inside a word."""
        words = quote.split()
        if not words or len(quote) > LONGEST_QUOTE:
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
        """Where a place may begin, ascending."""
        return [
            i
            for i in range(len(self.text))
            if not self.text[i].isspace() and is_border(self.text, i)
        ]

    @cached_property
    def ends(self) -> list[int]:
        """Where a place may end, ascending."""
        return [
            i
            for i in range(1, len(self.text) + 1)
            if not self.text[i - 1].isspace() and is_border(self.text, i)
        ]

    def _matches(self, pattern: str, flags: re.RegexFlag) -> list[CharSpan]:
        places, at = [], 0
        search = re.compile(pattern, flags).search
        while (match := search(self.text, at)) is not None:
            start, end = match.span()
            whole = is_border(self.text, start) and is_border(self.text, end)
            if whole:
                places.append((start, end))
            at = end if whole else start + 1
        return places

    def _closest(self, quote: str) -> QuoteMatch:
        # A place of n characters more has n edits at least; the small number is for rounding.
        longest_change = int(len(quote) / self.least - len(quote) + 1e-9)
        if not longest_change:
            return QuoteMatch([])
        process, levenshtein = _import_rapidfuzz()
        places = self._places_of_length(len(quote) - longest_change, len(quote) + longest_change)
        wanted = quote.lower()
        choices = {place: self.text[slice(*place)].lower() for place in places}
        digits = _digits(wanted)
        found = process.extractOne(
            wanted,
            {place: words for place, words in choices.items() if _digits(words) == digits},
            scorer=levenshtein.normalized_similarity,
            score_cutoff=self.least,
        )
        return QuoteMatch([]) if found is None else QuoteMatch([found[2]], FUZZY)

    def _places_of_length(self, least: int, most: int) -> list[CharSpan]:
        places = []
        for start in self.starts:
            first = bisect_left(self.ends, start + max(least, 1))
            last = bisect_right(self.ends, start + most)
            places += [(start, end) for end in self.ends[first:last]]
        return places


def is_border(text: str, i: int) -> bool:
    """Whether a word may begin or end before the character i.

    Between two letters or digits there is none, except in scripts without capitals, most of
    which write no spaces (Chinese, Japanese, Thai).
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
    """interleukin-12 is not interleukin-13, however similar."""
    return [character for character in text if character.isdigit()]


def check_similarity(least: float) -> None:
    """Have what a similarity needs, before anything is paid for.

    RAISES (ImportError): If rapidfuzz is needed and not installed.
    """
    if least < 1:
        _import_rapidfuzz()


def _import_rapidfuzz() -> tuple[Any, Any]:
    what = "Searching quotes with changed characters (--similarity below 1)"
    names = ("rapidfuzz.process", "rapidfuzz.distance.Levenshtein")
    process, levenshtein = (import_optional(name, what, extra="llm") for name in names)
    return process, levenshtein
