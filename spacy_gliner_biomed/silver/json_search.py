"""Finds JSON in what a language model wrote: after its reasoning, and between other words."""

import json
import re
from collections.abc import Iterator
from typing import Any

REASONING = "think|thinking|thought|thoughts|reasoning"
REASONING_START = re.compile(rf"<(?:{REASONING})>", re.IGNORECASE)
REASONING_END = re.compile(rf"</(?:{REASONING})>", re.IGNORECASE)
JSON_START = re.compile(r"[{\[]")
# Around JSON in Markdown.
FENCE = re.compile(r"^\s*```\w*|```\s*$")


def split_reasoning(content: str) -> tuple[str, bool]:
    """Cut reasoning off, up to the last tag that closes it; many models write no opening tag.

    content (str): All that a model wrote.
    RETURNS (tuple[str, bool]): The rest, and whether all reasoning in it was closed.
    """
    ends = [match.end() for match in REASONING_END.finditer(content)]
    rest = content[ends[-1] :] if ends else content
    start = REASONING_START.search(rest)
    return (rest, True) if start is None else (rest[start.end() :], False)


def is_whole_json(text: str) -> bool:
    """Whether a text is one JSON value and nothing else, in a Markdown block or without."""
    try:
        json.loads(FENCE.sub("", text))
    except (ValueError, RecursionError):
        return False
    return True


def find_json(text: str) -> Iterator[tuple[Any, int]]:
    """Find the JSON objects and lists in a text.

    YIELDS (tuple[Any, int]): Each and where it ends, from left to right; also those within an
        outer one that is broken.
    """
    decoder, at = json.JSONDecoder(), 0
    while (start := JSON_START.search(text, at)) is not None:
        try:
            value, at = decoder.raw_decode(text, start.start())
        except ValueError:
            at = start.end()
        except RecursionError:  # nested beyond any answer; each bracket in it would fail so
            return
        else:
            yield value, at
