"""Parse untrusted JSON safely, and write JSON that can be read again."""

import json
from typing import Any

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.terminal import UNSAFE_CHARACTER

MAX_DEPTH = 100  # levels of lists and objects; Python's own parser ends at about 1,000


def parse_json(text: str, *, to_write: bool = True) -> Any:
    """Parse JSON.

    text (str): One value.
    to_write (bool): Whether the value may be written again. If so, its depth is checked, which
        takes as long as parsing.
    RETURNS (Any): The value.
    RAISES (ValueError): If it is not valid JSON, repeats a key in an object, or is nested deeper
        than `MAX_DEPTH`.
    """
    try:
        value = json.loads(text, object_pairs_hook=unique_keys)
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
    value.

    value (Any): Lists, dicts, strings, numbers.
    RETURNS (bytes): JSON, without a line break.
    """
    # Outside of strings, JSON has none of these characters.
    text = json.dumps(value, ensure_ascii=False)
    return UNSAFE_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf8")


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inner if isinstance(child, (dict, list))]


def _too_deep() -> str:
    return f"it is nested deeper than {MAX_DEPTH} levels"
