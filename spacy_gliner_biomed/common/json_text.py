"""Parse untrusted JSON safely, and write JSON that can be read again."""

import json
from math import isfinite
from typing import Any

from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.common.terminal import UNSAFE_CHARACTER
from spacy_gliner_biomed.errors import Warnings

MAX_DEPTH = 100  # levels of lists and objects; Python's own parser ends at 1,000 or more


def parse_json(text: str, *, to_write: bool = True) -> Any:
    """Parse JSON.

    text (str): One value.
    to_write (bool): Whether the value may be written again. If so, its depth is checked, which
        takes as long as parsing.
    RETURNS (Any): The value.
    RAISES (ValueError): If it is not valid JSON, repeats a key in an object, has a number that is
        not finite, or is nested deeper than `MAX_DEPTH`.
    """
    try:
        value = json.loads(text, **STRICT)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"{error.msg} ({where}column {error.colno})") from error
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    if to_write:
        check_depth(value)
    return value


def parse_json_object(text: str, *, to_write: bool = True) -> dict[str, Any]:
    """Parse JSON that must be an object.

    text (str): One object.
    to_write (bool): See `parse_json`.
    RETURNS (dict[str, Any]): The object.
    RAISES (ValueError): See `parse_json`; also if it is not an object.
    """
    value = parse_json(text, to_write=to_write)
    if not isinstance(value, dict):
        raise ValueError(f"found {type(value).__name__} instead of an object")
    return value


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs, for `json`'s `object_pairs_hook`. Python's own keeps the last
    value of a repeated key without a word.

    pairs (list[tuple[str, Any]]): Keys and values.
    RETURNS (dict[str, Any]): The object.
    RAISES (ValueError): If a key is repeated.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {shorten(repeated)!r} is repeated in an object")
    return found


def finite_number(text: str) -> float:
    """Read a number, for `json`'s `parse_float` and `parse_constant`. Python's own parser reads
    NaN, which is no JSON, and turns 1e999 into infinity, which cannot be written again.

    text (str): The number as it is written.
    RETURNS (float): The number.
    RAISES (ValueError): If it is not finite.
    """
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{shorten(text)} is no finite number; JSON has null instead")
    return number


def check_depth(value: Any) -> None:
    """Check that a value can be written as JSON.

    value (Any): Lists, dicts, strings, numbers.
    RAISES (ValueError): If it is nested deeper than `MAX_DEPTH`.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise ValueError(_too_deep())


def check_text(text: str) -> str:
    r"""Check that a text can be stored, and return it.

    text (str): The text.
    RETURNS (str): The same text.
    RAISES (ValueError): If it holds half of a surrogate pair, as JSON can ("\ud800").
    """
    try:
        text.encode("utf8")
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        problem = f"character {error.start} of the text is half of a surrogate pair ({half})"
        raise ValueError(problem) from error
    return text


def dump_json(value: Any) -> bytes:
    r"""Write a value as JSON in one line, without escaping letters.

    Control characters and halves of surrogate pairs are escaped ("\u009b"); parsing gives the same
    value. Numbers that are not finite are written as null, with a warning.

    value (Any): Lists, dicts, strings, numbers.
    RETURNS (bytes): JSON, without a line break.
    """
    text = to_json(value)
    # Outside of strings, JSON has none of these characters.
    return UNSAFE_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf8")


def to_json(value: Any, indent: int | None = None) -> str:
    """Write a value as JSON, see `dump_json`; characters are not escaped.

    value (Any): Lists, dicts, strings, numbers.
    indent (int | None): Spaces of a level; None for one line.
    RETURNS (str): JSON.
    """
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_with_nulls(value), ensure_ascii=False, indent=indent)


def _with_nulls(value: Any, key: str = "") -> Any:
    """Return a value with null for each number that is not finite."""
    if isinstance(value, dict):
        return {name: _with_nulls(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_nulls(inner, key) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        warn(Warnings.W420.format(found=value, key=shorten(key)))
        return None
    return value


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inner if isinstance(child, (dict, list))]


def _too_deep() -> str:
    return f"it is nested deeper than {MAX_DEPTH} levels"


# Arguments of `json.loads` and `json.JSONDecoder` for what users give.
STRICT: dict[str, Any] = {
    "object_pairs_hook": unique_keys,
    "parse_float": finite_number,
    "parse_constant": finite_number,
}
