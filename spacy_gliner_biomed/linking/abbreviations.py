"""Short forms and what they stand for, by the algorithm of Schwartz and Hearst (PSB 2003)."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

# "long form (SF)" and "SF (long form)"; what follows ";" or "," in the brackets is a remark.
BRACKETS = re.compile(r"[(\[]([^()\[\]]{2,120})[)\]]")
MAX_SHORT = 12


def find_abbreviations(text: str) -> dict[str, str]:
    """Short forms that a text defines, with their long forms; the first definition counts.

    >>> find_abbreviations("Wilson disease (WD) is rare.")
    {'WD': 'Wilson disease'}
    """
    found: dict[str, str] = {}
    for match in BRACKETS.finditer(text):
        inside = re.split(r"[;,]", match[1])[0].strip(" \"'")
        before = text[max(0, match.start() - 200) : match.start()].rstrip()
        for short, long in chain(_short_inside(inside, before), _long_inside(match[1], before)):
            found.setdefault(short, long)
    return found


def by_apposition(text: str, mentions: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Short forms that stand in brackets after a mention and take its initials in any order, as
    in "myotonic dystrophy (DM)".

    mentions: First character and one past the last of each entity, by their start.
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
    """A name with its short forms written out, and without what it has in brackets.

    >>> expand("primary HPT", {"HPT": "hyperparathyroidism"})
    'primary hyperparathyroidism'
    """
    without = BRACKETS.sub(" ", text)
    expanded = [abbreviations.get(word, word) for word in without.split()]
    return " ".join(expanded) or text


def long_form(short: str, before: str) -> str | None:
    """The shortest end of a text whose letters a short form takes in order; its first letter
    has to begin a word.
    """
    i, j = len(short) - 1, len(before) - 1
    while i >= 0:
        letter = short[i].casefold()
        if letter.isalnum():
            while j >= 0 and (
                before[j].casefold() != letter or (i == 0 and j > 0 and (before[j - 1].isalnum()))
            ):
                j -= 1
            if j < 0:
                return None
            j -= 1
        i -= 1
    start = before.rfind(" ", 0, j + 2) + 1
    return before[start:].strip(" \"'(-")


def _short_inside(short: str, before: str) -> list[tuple[str, str]]:
    if not _is_short(short):
        return []
    sentence = re.split(r"[.;:?!]\s|[(\[]", before)[-1]
    pieces = sentence.split()
    n = len(short)
    context = " ".join(pieces[-min(n + 5, 2 * n) :])
    pairs = []
    for form in dict.fromkeys([short, _singular(short)]):
        long = long_form(form, context)
        if long and _is_long(form, long):
            pairs.append((form, long))
    return pairs


def _long_inside(long: str, before: str) -> list[tuple[str, str]]:
    short = before.split()[-1] if before.split() else ""
    if len(long.split()) < 2 or not _is_short(short) or not short.isupper():
        return []
    found = long_form(short, long.strip())
    return [(short, found)] if found and found == long.strip() and _is_long(short, found) else []


def _is_short(text: str) -> bool:
    return (
        2 <= len(text) <= MAX_SHORT
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(c.isalpha() for c in text)
    )


def _is_long(short: str, long: str) -> bool:
    return (
        len(long) > len(short)
        and short.casefold() not in long.casefold().split()
        and long.count("(") == long.count(")")
    )


def _singular(short: str) -> str:
    """The form of which this is the plural: "PVCs" stands for what "PVC" stands for."""
    return short[:-1] if len(short) > 2 and short.endswith("s") and short[:-1].isupper() else short
