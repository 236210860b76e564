"""Which end of a text a short form stands for: Schwartz and Hearst (PSB 2003), and initials."""

import re
from collections.abc import Sequence

from spacy_gliner_biomed.linking.normalization import STOP_WORDS

# What no long form begins with.
PARTICLES = STOP_WORDS - {"type"}
WORD = re.compile(r"[^\W_]+")


def find_long_form(short: str, text: str) -> int | None:
    """Find where the long form begins that ends with the text.

    It is the shortest one whose letters the short form takes in order, the first of which has to
    begin a word; or a longer one if each letter of the short form begins a word of it: "MM" is
    "multiple myeloma" rather than "myeloma".

    short (str): The short form.
    text (str): What stands before it.
    RETURNS (int | None): First character of the long form's first word; None if there is none.
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
    """The place of the first letter, as late in the text as can be."""
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
    """The place of an earlier first letter, if each letter of the short form begins a word."""
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
    """Whether words may be without a letter of the short form.

    Stop words may: "National Institute of Neurological Diseases and Stroke (NINDS)"; but two
    letters are too few for that, "measured in millimeter (mm)". Other words may if the shortest
    reading passes over them, too, and all that is added to it is taken: "peroxisome
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
