"""Find the abbreviations that a text defines, with their long forms."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from spacy_gliner_biomed.linking.brackets import (
    Bracket,
    find_brackets,
    has_suffix,
    is_balanced,
    is_in_name,
    remove_brackets,
)
from spacy_gliner_biomed.linking.long_forms import find_long_form

MAX_SHORT, MAX_INSIDE, MAX_BEFORE = 12, 120, 200  # characters
SENTENCE_END = re.compile(r"[.;:?!]\s")
# Inside brackets, the text after one of these is a remark; a comma between digits is not one.
REMARK = re.compile(r";|(?<!\d),|,(?!\d)")
EDGES = " \t\r\n\"'-/"


class Definition(NamedTuple):
    """A short form and the position of its long form.

    short (str): The short form.
    start, end (int): Offsets of the long form, end exclusive.
    """

    short: str
    start: int
    end: int


def find_abbreviations(text: str) -> dict[str, str]:
    """Find the short forms that a text defines, with their first long forms.

    >>> find_abbreviations("Wilson disease (WD) is rare.")
    {'WD': 'Wilson disease'}
    """
    found: dict[str, str] = {}
    for short, start, end in find_definitions(text):
        found.setdefault(short, text[start:end])
    return found


def find_definitions(text: str) -> Iterator[Definition]:
    """Find "long form (SF)" and "SF (long form)", sorted by the end of the brackets."""
    last = 0  # end of the previous brackets
    for bracket in find_brackets(text):
        if has_suffix(text, bracket):
            continue
        first = max(bracket.outer, last, bracket.start - MAX_BEFORE)
        found: list[Definition] = []
        if 4 <= bracket.end - bracket.start <= MAX_INSIDE + 2:
            found = [*_short_inside(text, bracket, first), *_long_inside(text, bracket, first)]
        yield from found
        # A remark ends what can be a long form; "[18F]-fluorodeoxyglucose" goes on.
        if found or not (is_in_name(text, bracket) or text[bracket.end : bracket.end + 1] == "-"):
            last = bracket.end


def by_apposition(text: str, mentions: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Find short forms in brackets after a mention whose initials they use in any order, as in
    "myotonic dystrophy (DM)".

    text (str): The text.
    mentions (Sequence[tuple[int, int]]): Offsets of the entities, sorted by start.
    RETURNS (dict[str, str]): Long forms by short form.
    """
    found: dict[str, str] = {}
    for (start, end), (first, last) in pairwise(mentions):
        short, long = text[first:last], text[start:end]
        bracketed = text[end:first].strip() == "(" and text[last : last + 1] in ")];,"
        if bracketed and _is_short(short) and short.isupper():
            initials = {word[0].casefold() for word in re.findall(r"\w+", long)}
            letters = {letter.casefold() for letter in short if letter.isalpha()}
            if letters <= initials:
                found.setdefault(short, long)
    return found


def expand(text: str, abbreviations: Mapping[str, str]) -> str:
    """Expand the short forms in a name, and remove remarks in brackets.

    >>> expand("primary HPT", {"HPT": "hyperparathyroidism"})
    'primary hyperparathyroidism'
    """
    expanded = [abbreviations.get(word, word) for word in remove_brackets(text).split()]
    return " ".join(expanded) or text


def _short_inside(text: str, bracket: Bracket, first: int) -> Iterator[Definition]:
    """Find the definition of a short form in brackets.

    first (int): Start of the text that may contain the long form.
    """
    short = _without_remark(text[bracket.start + 1 : bracket.end - 1]).strip(" \"'")
    if not _is_short(short):
        return
    ends = [match.end() for match in SENTENCE_END.finditer(text, first, bracket.start)]
    words = list(re.finditer(r"\S+", text[ends[-1] if ends else first : bracket.start]))
    n_words = min(len(short) + 5, 2 * len(short))
    if not words:
        return
    begin = (ends[-1] if ends else first) + words[-n_words:][0].start()
    for form in dict.fromkeys([short, _singular(short)]):
        yield from _define(text, form, begin, bracket.start)


def _long_inside(text: str, bracket: Bracket, first: int) -> Iterator[Definition]:
    """Find the definition of a short form before brackets that contain only its long form."""
    before = text[first : bracket.start].split()
    long = text[bracket.start + 1 : bracket.end - 1]
    if not before or len(long.split()) < 2 or not (_is_short(before[-1]) and before[-1].isupper()):
        return
    for found in _define(text, before[-1], bracket.start + 1, bracket.end - 1):
        if text[found.start : found.end] == long.strip():
            yield found


def _define(text: str, short: str, begin: int, end: int) -> Iterator[Definition]:
    """Define a short form by the end of a part of the text."""
    start = find_long_form(short, text[begin:end])
    if start is None:
        return
    raw = text[begin + start : end]
    first = begin + start + len(raw) - len(raw.lstrip(EDGES))
    long = raw.strip(EDGES)
    if _is_long(short, long):
        yield Definition(short, first, first + len(long))


def _without_remark(inside: str) -> str:
    """Return the text before the first remark that is not in nested brackets."""
    nested = find_brackets(inside)
    for match in REMARK.finditer(inside):
        if not any(start < match.start() < end for start, end, _ in nested):
            return inside[: match.start()]
    return inside


def _is_short(text: str) -> bool:
    return (
        2 <= len(text) <= MAX_SHORT
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(c.isalpha() for c in text)
        and is_balanced(text)
    )


def _is_long(short: str, long: str) -> bool:
    return (
        len(long) > len(short)
        and short.casefold() not in long.casefold().split()
        and is_balanced(long)
    )


def _singular(short: str) -> str:
    """Return the singular of a short form: "PVC" for "PVCs"."""
    return short[:-1] if len(short) > 2 and short.endswith("s") and short[:-1].isupper() else short
