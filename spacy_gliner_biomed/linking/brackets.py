"""Find brackets in a text, and tell those of a name from those of a remark."""

import re
from typing import NamedTuple

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
    """Return whether all brackets are paired."""
    return len(BRACKET.findall(text)) == 2 * len(find_brackets(text))


def has_suffix(text: str, bracket: Bracket) -> bool:
    """Return whether a name continues after the brackets: "PI(4)P", "[3H]SCH", but not "(PVC)s"."""
    after = text[bracket.end : bracket.end + 2]
    is_isotope = text[bracket.start] == "[" or text[bracket.start + 1].isdigit()
    return after[:1].isalnum() and (
        _has_prefix(text, bracket) or (is_isotope and after[1:].isalnum())
    )


def is_in_name(text: str, bracket: Bracket) -> bool:
    """Return whether the brackets touch a word: "poly(ADP-ribose) polymerase"."""
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
