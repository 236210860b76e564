"""The form of an answer as a JSON schema, and reading what a language model wrote."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.silver.failures import MALFORMED, Failure

Schema = dict[str, Any]

# Bounds that end the loops of a model that repeats itself; no real answer comes near them.
MOST_ENTITIES, MOST_RELATIONS, LONGEST_QUOTE, LONGEST_TYPE, LARGEST_ID = 200, 200, 200, 60, 9999

THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True)
class Mention:
    """One entity of an answer: its number there, the words it quotes, its type as written."""

    id: int | None
    quote: str
    type: str


@dataclass(frozen=True)
class Link:
    """One relation of an answer, between the numbers of two mentions."""

    head: int
    type: str
    tail: int


@dataclass(frozen=True)
class Answer:
    """What an answer holds.

    mentions (Sequence[Mention]): In its order.
    links (Sequence[Link]): Its relations.
    n_broken (int): Entities and relations that lack a part, or have one of the wrong kind.
    """

    mentions: Sequence[Mention]
    links: Sequence[Link] = ()
    n_broken: int = 0


def answer_schema(types: Sequence[str], *, relations: bool, bounded: bool = True) -> Schema:
    """The JSON schema that answers have to follow.

    types (Sequence[str]): The types that are allowed; empty for any words.
    relations (bool): Whether relations are asked for.
    bounded (bool): Limit lengths and numbers, which some servers refuse in a schema.
    """
    number: Schema = {"type": "integer"}
    words: Schema = {"type": "string"}
    if bounded:
        number |= {"minimum": 0, "maximum": LARGEST_ID}
    quote = words | ({"minLength": 1, "maxLength": LONGEST_QUOTE} if bounded else {})
    name = words | ({"minLength": 1, "maxLength": LONGEST_TYPE} if bounded else {})
    type_ = {"type": "string", "enum": list(types)} if types else name
    entity = _object(id=number, text=quote, type=type_)
    parts = {"entities": _list(entity, MOST_ENTITIES if bounded else None)}
    if relations:
        relation = _object(head=number, type=name, tail=number)
        parts["relations"] = _list(relation, MOST_RELATIONS if bounded else None)
    return _object(**parts)


def read_answer(content: str) -> Answer:
    """Read an answer; text around its JSON, as servers without constraints give it, is skipped.

    RAISES (Failure): If there is no JSON of the right form in it.
    """
    raw = _find_json(THOUGHTS.sub("", content))
    if isinstance(raw, list):
        raw = {"entities": raw}
    entities, relations = raw.get("entities"), raw.get("relations", [])
    if not isinstance(entities, list) or not isinstance(relations, list):
        raise Failure(MALFORMED, f"no list of entities in {_shown(content)}")
    mentions = [mention for item in entities if (mention := _mention(item)) is not None]
    links = [link for item in relations if (link := _link(item)) is not None]
    n_broken = len(entities) + len(relations) - len(mentions) - len(links)
    return Answer(mentions, links, n_broken)


def _find_json(content: str) -> Any:
    """The first JSON object or list that the text holds."""
    decoder = json.JSONDecoder()
    start = min((at for sign in "{[" if (at := content.find(sign)) >= 0), default=-1)
    try:
        if start < 0:
            raise ValueError("no JSON")
        value, _ = decoder.raw_decode(content, start)
    except (ValueError, RecursionError) as error:
        raise Failure(MALFORMED, f"{error} in {_shown(content)}") from error
    return value


def _mention(item: Any) -> Mention | None:
    if not isinstance(item, dict) or not (
        _is_text(item.get("text")) and _is_text(item.get("type"))
    ):
        return None
    number = item.get("id")
    return Mention(number if _is_number(number) else None, item["text"].strip(), item["type"])


def _link(item: Any) -> Link | None:
    if not isinstance(item, dict) or not _is_text(item.get("type")):
        return None
    head, tail = item.get("head"), item.get("tail")
    if not (_is_number(head) and _is_number(tail)):
        return None
    return Link(head, item["type"], tail)  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    """Whether it is a string that is not blank and has no half of a character (a surrogate)."""
    if not isinstance(value, str) or not value.strip():
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema, most: int | None) -> Schema:
    return {"type": "array", "items": items} | ({"maxItems": most} if most else {})


def _shown(content: str) -> str:
    """As much of an answer as a message can hold."""
    return repr(content if len(content) <= 80 else content[:80] + "…")
