"""Finds JSON in the output of a language model: after its reasoning, and amid other text."""

import json
import re
from collections.abc import Iterator
from typing import Any

from spacy_gliner_biomed.common.json_text import unique_keys

REASONING = "think|thinking|thought|thoughts|reasoning"
REASONING_START = re.compile(rf"<(?:{REASONING})>", re.IGNORECASE)
REASONING_END = re.compile(rf"</(?:{REASONING})>", re.IGNORECASE)
JSON_START = re.compile(r"[{\[]")
# Around JSON in Markdown.
FENCE = re.compile(r"^\s*```\w*|```\s*$")


def split_reasoning(content: str) -> tuple[str, bool]:
    """Cut off reasoning, up to the last closing tag. Many models write no opening tag.

    content (str): All that a model wrote.
    RETURNS (tuple[str, bool]): The text after the reasoning, and whether all reasoning is closed.
    """
    ends = [match.end() for match in REASONING_END.finditer(content)]
    rest = content[ends[-1] :] if ends else content
    start = REASONING_START.search(rest)
    return (rest, True) if start is None else (rest[start.end() :], False)


def is_whole_json(text: str) -> bool:
    """Return whether a text is a single JSON value, with or without a Markdown block around it."""
    try:
        json.loads(FENCE.sub("", text), object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        return False
    return True


def find_json(text: str) -> Iterator[tuple[Any, int]]:
    """Find the JSON objects and lists in a text.

    text (str): Any text.
    YIELDS (tuple[Any, int]): Each value and its end, from left to right. If an outer value is
        broken, the values in it are found. An object that repeats a key is broken: nobody knows
        which of the values the model means.
    """
    decoder, at = json.JSONDecoder(object_pairs_hook=unique_keys), 0
    while (start := JSON_START.search(text, at)) is not None:
        try:
            value, at = decoder.raw_decode(text, start.start())
        except ValueError:
            at = start.end()
        except RecursionError:  # nested deeper than any answer
            return
        else:
            yield value, at
