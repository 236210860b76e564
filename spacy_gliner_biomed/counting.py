"""Numbers with their nouns, in messages and elsewhere."""

from string import Formatter
from typing import Any


def count(n: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: "1 document", "2,000 documents".

    n (int): The number.
    noun (str): The singular.
    plural (str | None): The plural; None adds an "s".
    RETURNS (str): The number and the noun.
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


class Counted(str):
    """A message with counts and their nouns, see `count`: "{n:file was|files were} read" becomes
    "1 file was read" or "2,000 files were read".
    """

    __slots__ = ()

    def format(self, *args: object, **values: object) -> str:
        """Fill in the message, as `str.format` does."""
        return _Counts().vformat(self, args, values)


class _Counts(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        noun, is_count, plural = format_spec.partition("|")
        return count(value, noun, plural) if is_count else super().format_field(value, format_spec)
