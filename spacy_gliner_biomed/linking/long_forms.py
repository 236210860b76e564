"""Find the long form of a short form with the algorithm of Schwartz and Hearst (PSB 2003)."""

import re
from collections.abc import Sequence

from spacy_gliner_biomed.linking.kb.names import DETERMINERS, FUNCTION_WORDS

# Words that cannot begin a long form.
PARTICLES = FUNCTION_WORDS | DETERMINERS | {"a", "nos"}
STOP_WORDS = PARTICLES | {"type"}
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
    """Return whether a long form may contain words that no letter of the short form stands for.

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
