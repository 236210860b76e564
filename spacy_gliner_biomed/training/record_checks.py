"""Checks that the readers of all formats share, and reports of what they had to change."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import list_names, shorten, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.training.gold import GoldSpan, trim_spans

# What a reader counts, with the warning that it becomes.
TRIMMED, DISCONTINUOUS, NO_ENTITIES = "trimmed", "discontinuous", "no entities"
REJECTED, FURTHER, NOT_ANNOTATED = "rejected", "further annotations", "not annotated"
REPAIRED, MOVED, LEFT_OUT = "repaired", "moved", "left out"
BLANK_ROWS, NOT_FOUND, SUGGESTED = "blank rows", "not found", "suggested"
WITHOUT_ENDS, RELATION_VALUES = "relations without ends", "values of relations"
CONTRADICTORY = "contradictory values"
MESSAGES = {
    TRIMMED: Warnings.W161,
    DISCONTINUOUS: Warnings.W162,
    NO_ENTITIES: Warnings.W163,
    REJECTED: Warnings.W200,
    FURTHER: Warnings.W201,
    NOT_ANNOTATED: Warnings.W202,
    REPAIRED: Warnings.W203,
    MOVED: Warnings.W204,
    LEFT_OUT: Warnings.W205,
    SUGGESTED: Warnings.W208,
    BLANK_ROWS: Warnings.W150,
    WITHOUT_ENDS: Warnings.W350,
    RELATION_VALUES: Warnings.W400,
    CONTRADICTORY: Warnings.W401,
    NOT_FOUND: Warnings.W011,
}
Counts = Counter[str]


@contextmanager
def located(path: Path, line: int | str) -> Iterator[None]:
    """Add file and line to errors.

    path (Path): The file.
    line (int | str): The number of a line, or as in "item 3".
    RAISES (ValueError): For each ValueError inside.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(format_place(Errors.E060, path, line, error)) from error


def format_place(message: str, path: Path, line: int | str, error: ValueError) -> str:
    """Return a message that begins with "{path}, line {line}: {error}".

    message (str): One of `Errors`.
    path (Path): The file.
    line (int | str): The number of a line, or as in "item 3", which then stands alone.
    error (ValueError): What is wrong.
    RETURNS (str): The message.
    """
    if isinstance(line, str):
        message = message.replace("line {line}", "{line}")
    return message.format(path=path, line=line, error=shorten(error, 300))


def check_keys(record: Any, keys: Collection[str]) -> None:
    """Check that a record is an object with some keys.

    RAISES (ValueError): If it is not an object, or lacks a key.
    """
    if not isinstance(record, dict):
        raise ValueError(f"found {type(record).__name__} instead of an object")
    missing = [key for key in keys if key not in record]
    if missing:
        wanted = " and ".join(map(repr, missing))
        raise ValueError(f"there is no {wanted}; the keys found are: {list_names(record)}")


def check_label(label: Any) -> str:
    """Return a label unchanged.

    RAISES (ValueError): If it is not a string, is blank, or is no valid text.
    """
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"a label must be a string that is not blank; found {label!r}")
    return check_text(label)


def make_span(
    text: str, start: Any, end: Any, label: Any, counts: Counts, mention: Any = None
) -> GoldSpan:
    """Make an entity of a text, without white space at its ends.

    text (str): The text.
    start, end, label (Any): As they were read.
    counts (Counts): Entities that lose white space are added.
    mention (Any): The entity's own text, as it was read; None if there is none.
    RETURNS (GoldSpan): The entity.
    RAISES (ValueError): If offsets, label or mention are wrong.
    """
    if not type(start) is type(end) is int:
        raise ValueError(f"offsets must be whole numbers; found {start!r} and {end!r}")
    if not 0 <= start < end <= len(text):
        raise ValueError(f"entity {start}..{end} is outside of the text of {len(text)} characters")
    found = text[start:end]
    if mention is not None:
        check_mention(found, mention, text)
    trimmed, n_trimmed = trim_spans(text, [(start, end, check_label(label))])
    if not trimmed:
        raise ValueError(f"entity {start}..{end} has only white space ({shorten(repr(found))})")
    counts[TRIMMED] += n_trimmed
    return trimmed[0]


def check_list(record: dict[str, Any], key: str) -> list[Any]:
    """Return a list of a record; empty if the key is missing or null.

    RAISES (ValueError): If it is not a list.
    """
    found = record.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{key!r} must be a list; found {type(found).__name__}")
    return found


def check_strings(labels: Any) -> list[str]:
    """Check a list of labels.

    RAISES (ValueError): If it is not a list of labels.
    """
    if not isinstance(labels, list):
        raise ValueError(f"labels must be in a list; found {labels!r}")
    return [check_label(label) for label in labels]


def check_string(record: Any, key: str) -> str:
    """Return a text of a record.

    RAISES (ValueError): If the record is not an object, or has no valid text under this key.
    """
    check_keys(record, (key,))
    if not isinstance(record[key], str):
        raise ValueError(f"{key!r} must be a string; found {type(record[key]).__name__}")
    return check_text(record[key])


def cover(fragments: Iterable[tuple[int, int]], text: str, counts: Counts) -> tuple[int, int]:
    """Return the span that covers the fragments of an entity.

    fragments (Iterable[tuple[int, int]]): First character and one past the last of each.
    text (str): The text.
    counts (Counts): An entity with other text between its fragments is added.
    RETURNS (tuple[int, int]): First character, one past the last.
    RAISES (ValueError): If there is no fragment, or one is not in the text.
    """
    ordered = sorted(fragments)
    if not ordered:
        raise ValueError("an entity has no offsets")
    for start, end in ordered:
        if not 0 <= start < end <= len(text):
            problem = f"entity {start}..{end} is outside of the text of {len(text)} characters"
            raise ValueError(problem)
    covered, has_gap = ordered[0][0], False
    for start, end in ordered:
        has_gap = has_gap or bool(text[covered:start].strip())
        covered = max(covered, end)
    counts[DISCONTINUOUS] += has_gap
    return ordered[0][0], covered


def check_mention(found: str, mention: Any, text: str) -> None:
    """Compare the text of a span with the entity's own text, except for the kind of white space.

    found (str): The text of the span.
    mention (Any): The entity's own text, as it was read.
    text (str): The whole text, for the message.
    RAISES (ValueError): If they differ.
    """
    if not isinstance(mention, str):
        raise ValueError(f"the entity's own text must be a string; found {mention!r}")
    if found.split() != mention.split():
        hint = r". The line end '\r\n' is two characters" if "\r\n" in text else ""
        in_text, marked = shorten(repr(found)), shorten(repr(mention))
        raise ValueError(f"the text has {in_text} where {marked} is marked{hint}")


def report_changes(counts: Counts, path: Path) -> None:
    """Warn once about each kind of change."""
    for what, message in MESSAGES.items():
        if counts[what]:
            warn(message.format(n=counts[what], path=path))
