"""The form of an answer as a JSON schema, and reading what a language model wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.silver.failures import MALFORMED, Failure
from spacy_gliner_biomed.silver.json_search import find_json, is_whole_json, split_reasoning

Schema = dict[str, Any]

# Bounds that end the loops of a model that repeats itself; no real answer comes near them.
MOST_ENTITIES, MOST_RELATIONS, LONGEST_QUOTE, LONGEST_TYPE, LARGEST_ID = 200, 200, 200, 60, 9999

ENTITIES = re.compile(r'"entities"\s*:')


@dataclass(frozen=True)
class AnswerEntity:
    """One entity of an answer: its number there, the words it quotes, its type as written."""

    id: int | None
    quote: str
    type: str


@dataclass(frozen=True)
class AnswerRelation:
    """One relation of an answer, between the numbers of two mentions."""

    head: int
    type: str
    tail: int


@dataclass(frozen=True)
class Answer:
    """What an answer holds.

    mentions (Sequence[AnswerEntity]): In its order.
    links (Sequence[AnswerRelation]): Its relations.
    n_broken (int): Entities and relations that lack a part, or have one of the wrong kind.
    """

    mentions: Sequence[AnswerEntity]
    links: Sequence[AnswerRelation] = ()
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
    """Read an answer; its reasoning, and text around its JSON, are skipped.

    Of several objects with entities, as where a draft precedes the answer, the last one counts of
    which an entity can be read.

    RAISES (Failure): If there is no JSON of the right form in it, or no entity of it can be read
        although there are some: an answer that was not understood is not one without entities.
    """
    text, is_closed = split_reasoning(content)
    if not is_closed and not is_whole_json(text):
        raise Failure(MALFORMED, f"the reasoning has no end in {_shown(content)}")
    found, rest = _find_answers(text)
    if not found or ENTITIES.search(rest):
        raise Failure(MALFORMED, f"no list of entities in {_shown(content)}")
    answer = next((each for each in reversed(found) if each.mentions), found[-1])
    if not answer.mentions and (answer.n_broken or answer.links):
        raise Failure(MALFORMED, f"no entity can be read in {_shown(text)}")
    return answer


def _find_answers(text: str) -> tuple[list[Answer], str]:
    """The answers in a text, in order, and the text after them.

    A list alone is an answer if an entity can be read in it, or if it is all.
    """
    values = list(find_json(text))
    objects = [(each, end) for value, end in values for each in _objects_with_entities(value)]
    if not objects and "{" not in text.partition("[")[0]:
        lists = [({"entities": value}, end) for value, end in values if isinstance(value, list)]
        objects = [pair for pair in lists if _has_mention(pair[0]) or is_whole_json(text)]
    end = objects[-1][1] if objects else 0
    return [_read_object(raw) for raw, _ in objects], text[end:]


def _objects_with_entities(value: Any) -> list[dict[str, Any]]:
    """The objects with a list of entities: the value itself, or in it."""
    found, waiting = [], [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and isinstance(each.get("entities"), list):
            found += [each] if isinstance(each.get("relations", []), list) else []
        elif isinstance(each, dict | list):
            waiting += reversed(list(each.values()) if isinstance(each, dict) else each)
    return found


def _read_object(raw: Mapping[str, Any]) -> Answer:
    entities, relations = raw["entities"], raw.get("relations", [])
    mentions = [mention for item in entities if (mention := _mention(item)) is not None]
    links = [link for item in relations if (link := _link(item)) is not None]
    n_broken = len(entities) + len(relations) - len(mentions) - len(links)
    return Answer(mentions, links, n_broken)


def _has_mention(raw: Mapping[str, Any]) -> bool:
    return any(_mention(item) is not None for item in raw["entities"])


def _mention(item: Any) -> AnswerEntity | None:
    if not isinstance(item, dict) or not (
        _is_text(item.get("text")) and _is_text(item.get("type"))
    ):
        return None
    number = item.get("id")
    return AnswerEntity(number if _is_number(number) else None, item["text"].strip(), item["type"])


def _link(item: Any) -> AnswerRelation | None:
    if not isinstance(item, dict) or not _is_text(item.get("type")):
        return None
    head, tail = item.get("head"), item.get("tail")
    if not (_is_number(head) and _is_number(tail)):
        return None
    return AnswerRelation(head, item["type"], tail)  # type: ignore[arg-type]


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
