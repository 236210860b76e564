"""Finds abbreviations and their long forms with the algorithm of Schwartz and Hearst (PSB 2003)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from spacy_gliner_biomed.linking.kb.names import STOP_WORDS

PAIRS = {"(": ")", "[": "]"}
BRACKET = re.compile(r"[()\[\]]")


class Bracket(NamedTuple):
    """A pair of brackets.

    start, end (int): Offset of the opening bracket, and one past the closing bracket.
    outer (int): Start of the text inside the surrounding brackets; 0 for none.
    """

    start: int
    end: int
    outer: int


def find_brackets(text: str) -> list[Bracket]:
    """Find all pairs of brackets, also nested ones, sorted by end; ignore unpaired brackets."""
    opened: list[int] = []
    found = []
    for match in BRACKET.finditer(text):
        if match[0] in PAIRS:
            opened.append(match.start())
        elif opened and PAIRS[text[opened[-1]]] == match[0]:
            start = opened.pop()
            found.append(Bracket(start, match.end(), opened[-1] + 1 if opened else 0))
    return found


def is_balanced(text: str) -> bool:
    """Whether all brackets are paired."""
    return len(BRACKET.findall(text)) == 2 * len(find_brackets(text))


def has_suffix(text: str, bracket: Bracket) -> bool:
    """Whether a name continues after the brackets: "PI(4)P" and "[3H]SCH", but not "(PVC)s"."""
    after = text[bracket.end : bracket.end + 2]
    is_isotope = text[bracket.start] == "[" or text[bracket.start + 1].isdigit()
    return after[:1].isalnum() and (
        _has_prefix(text, bracket) or (is_isotope and after[1:].isalnum())
    )


def is_in_name(text: str, bracket: Bracket) -> bool:
    """Whether the brackets touch a word before or after them: "poly(ADP-ribose) polymerase"."""
    return _has_prefix(text, bracket) or has_suffix(text, bracket)


def remove_brackets(text: str) -> str:
    """Remove brackets and their content from a text, unless they are part of a name."""
    while bracket := next((each for each in find_brackets(text) if _is_remark(text, each)), None):
        text = f"{text[: bracket.start]} {text[bracket.end :]}"
    return text


def _is_remark(text: str, bracket: Bracket) -> bool:
    return bracket.end - bracket.start > 3 and not is_in_name(text, bracket)


def _has_prefix(text: str, bracket: Bracket) -> bool:
    return text[max(0, bracket.start - 1) : bracket.start].isalnum()


# Words that cannot begin a long form.
PARTICLES = STOP_WORDS - {"type"}
WORD = re.compile(r"[^\W_]+")


def find_long_form(short: str, text: str) -> int | None:
    """Find the start of the long form that ends with the text.

    It is the shortest text that contains the letters of the short form in order, the first one at
    the start of a word. A longer one is taken if each letter of the short form begins a word of
    it: "MM" is "multiple myeloma" rather than "myeloma".

    short (str): The short form.
    text (str): The text before the short form.
    RETURNS (int | None): Start of the long form's first word; None if there is no long form.
    """
    shortest = _shortest(short, text)
    if shortest is None:
        return None
    longer = _by_initials(short, text, shortest)
    start = shortest if longer is None else longer
    while start and not text[start - 1].isspace():
        start -= 1
    return start


def _shortest(short: str, text: str) -> int | None:
    """Return the last possible position of the first letter."""
    i, j = len(short) - 1, len(text) - 1
    while i >= 0:
        letter = short[i].casefold()
        if letter.isalnum():
            while j >= 0 and (
                text[j].casefold() != letter or (i == 0 and j > 0 and text[j - 1].isalnum())
            ):
                j -= 1
            if j < 0:
                return None
            j -= 1
        i -= 1
    return j + 1


def _by_initials(short: str, text: str, shortest: int) -> int | None:
    """Return an earlier position of the first letter, if each letter begins a word."""
    words = list(WORD.finditer(text))
    letters = [letter.casefold() for letter in short if letter.isalnum()]
    passed: list[re.Match[str]] = []
    while words and letters:
        word = words.pop()
        is_first = len(letters) == 1
        if word[0][0].casefold() == letters[-1] and not (is_first and word[0].lower() in PARTICLES):
            letters.pop()
            first = word.start()
        else:
            passed.append(word)
    if letters or first >= shortest or re.search("[,;:]", text[first:shortest]):
        return None
    return first if _may_pass(passed, text, first, shortest) else None


def _may_pass(passed: Sequence[re.Match[str]], text: str, first: int, shortest: int) -> bool:
    """Whether a long form may contain words that no letter of the short form stands for.

    Stop words are allowed: "National Institute of Neurological Diseases and Stroke (NINDS)"; but
    not with two letters: "measured in millimeter (mm)". Other words are allowed if the shortest
    long form skips them, too, and every added word has a letter: "peroxisome
    proliferator-activated receptor response element (PPRE)".
    """
    others = [word for word in passed if word[0].lower() not in STOP_WORDS]
    if not others:
        shortest_word = WORD.match(text, shortest)
        starts_well = shortest_word is not None and shortest_word[0].lower() not in PARTICLES
        return not (passed and starts_well and len(WORD.findall(text[first:])) == 3)
    return all(word.start() > shortest for word in passed) and not any(
        word[0].lower() in STOP_WORDS for word in WORD.finditer(text, first, shortest)
    )


MAX_SHORT, MAX_INSIDE, MAX_BEFORE = 12, 120, 200  # characters
SENTENCE_END = re.compile(r"[.;:?!]\s")
# What follows these in brackets is a remark; a comma between digits is part of a name.
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
