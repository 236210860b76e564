"""Characters as readers see them: a letter with its accent is one, whether or not Unicode has it
as one. Positions between their parts are no borders.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

ZERO_WIDTH_JOINER = "\u200d"
# What continues a character besides marks and variation selectors: vowels and final consonants of
# Hangul, half-width marks of kana, joiners, skin tones, and the tags of flags.
CONTINUATION = re.compile(
    r"[\u1160-\u11ff\ud7b0-\ud7ff\uff9e\uff9f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)


@dataclass(frozen=True)
class ComposedText:
    """A text in Unicode's composed form (NFC), where "e" with an accent is one character.

    text (str): The composed text.
    offsets (Sequence[int]): Where each of its characters, and its end, is in the original text.
    """

    text: str
    offsets: Sequence[int]

    def original(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return the place in the original text of a span that cuts no character."""
        return self.offsets[span[0]], self.offsets[span[1]]


def compose(text: str) -> str:
    """Return a text in the composed form."""
    return unicodedata.normalize("NFC", text)


def compose_text(text: str) -> ComposedText:
    """Return a text in the composed form, with the original offsets.

    text (str): The text.
    RETURNS (ComposedText): The composed text.
    """
    if unicodedata.is_normalized("NFC", text):
        return ComposedText(text, range(len(text) + 1))
    starts = [i for i in range(len(text)) if i == 0 or not continues(text[i])]
    parts: list[str] = []
    offsets: list[int] = []
    for start, end in pairwise([*starts, len(text)]):
        parts.append(compose(text[start:end]))
        # No span begins or ends at a further character of a part: it continues the first.
        offsets += [start] * len(parts[-1])
    return ComposedText("".join(parts), [*offsets, len(text)])


def continues(character: str) -> bool:
    """Return whether a character is part of the one before it."""
    if character.isascii():
        return False
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or CONTINUATION.match(character) is not None


def is_inside_character(text: str, i: int) -> bool:
    """Return whether readers see what is before and after a position as one character.

    text (str): The text.
    i (int): The position, neither at the start nor at the end of the text.
    """
    if continues(text[i]):
        return True
    if text[i - 1] != ZERO_WIDTH_JOINER or i == 1 or text[i - 2].isspace():
        return False
    return text[i].isalnum() or unicodedata.category(text[i]) == "So"


def is_border(text: str, i: int) -> bool:
    """Return whether a word may begin or end before a character.

    There is no border in a character with its marks, nor between two letters or digits, except in
    scripts without capitals, most of which write no spaces (Chinese, Japanese, Thai).

    text (str): The text.
    i (int): Index of the character.
    """
    if i <= 0 or i >= len(text):
        return True
    if is_inside_character(text, i):
        return False
    base = i - 1
    while base > 0 and continues(text[base]):
        base -= 1
    before, after = text[base], text[i]
    if not (before.isalnum() and after.isalnum()):
        return True
    return _is_caseless(before) or _is_caseless(after)


def _is_caseless(character: str) -> bool:
    return character.isalpha() and character.lower() == character.upper()
