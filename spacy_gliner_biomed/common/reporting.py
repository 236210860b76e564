"""Warnings that point at the user's code, and short quotations for messages."""

import re
import sys
import warnings
from collections.abc import Iterable
from itertools import islice

# Warnings point at the line that called the first of these packages.
INTERNAL = {"spacy_gliner_biomed", "spacy", "thinc", "confection", "contextlib", "functools"}
LINE = 100  # maximum characters of a quotation
NAMES = 5  # maximum names in a list
CODE = re.compile(r"\[(GB-[EW]\d+|E\d+)\]")  # of this package, or of spaCy


def warn(message: str) -> None:
    """Warn at the line that called this package, spaCy or thinc.

    message (str): One of `errors.Warnings`, filled in.
    """
    # From Python 3.12 on, `skip_file_prefixes` does this.
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and _is_internal(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def shorten(found: object, limit: int = LINE) -> str:
    """Return a value as one short line of text.

    found (object): Any value; an exception gives its message.
    limit (int): Maximum number of characters.
    RETURNS (str): The text, without line breaks.
    """
    text = " ".join(str(found)[: 4 * limit].split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def has_code(error: object, *codes: str) -> bool:
    """Return whether an error's message begins with a code of this package or of spaCy.

    error (object): The error, or its message.
    codes (str): The codes that are meant, such as "GB-E162"; none for all.
    RETURNS (bool): Whether it does.
    """
    found = CODE.match(str(error))
    return found is not None and (not codes or found[1] in codes)


def describe(error: BaseException) -> str:
    """Return an error's type and message; the message alone ("'text'") often says nothing."""
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def list_names(names: Iterable[str], n_names: int = NAMES) -> str:
    """List the first of some names, and the number of the others.

    names (Iterable[str]): The names.
    n_names (int): Maximum number of names in the list.
    RETURNS (str): The names, separated by commas; "none" if there are none.
    """
    left = iter(sorted(names))
    shown = ", ".join(shorten(name) for name in islice(left, n_names))
    n_more = sum(1 for _ in left)
    return (f"{shown} and {n_more} more" if n_more else shown) or "none"


def _is_internal(module: str | None) -> bool:
    return (module or "").split(".")[0] in INTERNAL
