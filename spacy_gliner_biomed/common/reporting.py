"""Warnings that point at the user's line, and text short enough to be quoted in a message."""

import sys
import warnings
from collections.abc import Iterable
from itertools import islice

# A warning is shown with the line that called the first of these.
INTERNAL = {"spacy_gliner_biomed", "spacy", "thinc", "confection", "contextlib", "functools"}
LINE = 100  # Characters of what a message quotes.
NAMES = 5  # Names of what a message lists.


def warn(message: str) -> None:
    """Warn at the line outside of this package, spaCy and thinc from which they were called.

    message (str): One of `errors.Warnings`, filled in.
    """
    # From Python 3.12 on, `skip_file_prefixes` does this.
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and _is_internal(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def shorten(found: object, limit: int = LINE) -> str:
    """A value as one line of text that is short enough to be quoted.

    found (object): Any; an exception gives its message.
    limit (int): Characters, at most.
    RETURNS (str): Without line breaks.
    """
    text = " ".join(str(found)[: 4 * limit].split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def list_names(names: Iterable[str], n_names: int = NAMES) -> str:
    """The first names of many, and how many more there are.

    names (Iterable[str]): Any.
    n_names (int): Names that are quoted, at most.
    RETURNS (str): Separated by commas; "none" for none.
    """
    left = iter(sorted(names))
    shown = ", ".join(shorten(name) for name in islice(left, n_names))
    n_more = sum(1 for _ in left)
    return (f"{shown} and {n_more} more" if n_more else shown) or "none"


def _is_internal(module: str | None) -> bool:
    return (module or "").split(".")[0] in INTERNAL
