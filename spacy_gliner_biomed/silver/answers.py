"""The JSON schema of answers, and reading the answers that language models write."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.silver.failures import MALFORMED, Failure
from spacy_gliner_biomed.silver.json_search import find_json, is_whole_json, split_reasoning

Schema = dict[str, Any]

# Limits that stop a model that repeats itself; real answers stay far below them.
MAX_ENTITIES, MAX_RELATIONS, MAX_QUOTE, MAX_TYPE, MAX_ID = 200, 200, 200, 60, 9999

ENTITIES = re.compile(r'"entities"\s*:')


@dataclass(frozen=True)
class AnswerEntity:
    """One entity of an answer.

    id (int | None): Its number, to which relations refer; None if it has none.
    quote (str): The words that it quotes from the text.
    type (str): Its type, as the model wrote it.
    """

    id: int | None
    quote: str
    type: str


@dataclass(frozen=True)
class AnswerRelation:
    """One relation of an answer.

    head (int): Number of its first entity.
    type (str): Its type, as the model wrote it.
    tail (int): Number of its second entity.
    """

    head: int
    type: str
    tail: int


@dataclass(frozen=True)
class Answer:
    """The content of an answer.

    entities (Sequence[AnswerEntity]): Its entities, in order.
    relations (Sequence[AnswerRelation]): Its relations, in order.
    n_broken (int): Number of entities and relations that lack a part or have a part of the wrong
        type.
    """

    entities: Sequence[AnswerEntity]
    relations: Sequence[AnswerRelation] = ()
    n_broken: int = 0


def answer_schema(types: Sequence[str], *, relations: bool, bounded: bool = True) -> Schema:
    """Return the JSON schema that answers must follow.

    types (Sequence[str]): The allowed types; empty for any type.
    relations (bool): Whether to ask for relations.
    bounded (bool): Whether to limit lengths and numbers; some servers reject such a schema.
    RETURNS (Schema): The schema.
    """
    number: Schema = {"type": "integer"}
    words: Schema = {"type": "string"}
    if bounded:
        number |= {"minimum": 0, "maximum": MAX_ID}
    quote = words | ({"minLength": 1, "maxLength": MAX_QUOTE} if bounded else {})
    name = words | ({"minLength": 1, "maxLength": MAX_TYPE} if bounded else {})
    type_ = {"type": "string", "enum": list(types)} if types else name
    entity = _object(id=number, text=quote, type=type_)
    parts = {"entities": _list(entity, MAX_ENTITIES if bounded else None)}
    if relations:
        relation = _object(head=number, type=name, tail=number)
        parts["relations"] = _list(relation, MAX_RELATIONS if bounded else None)
    return _object(**parts)


def read_answer(content: str) -> Answer:
    """Read an answer. Reasoning, and text around the JSON, are skipped.

    If there are several objects with entities, such as a draft before the answer, the last one
    with a readable entity counts. An object that repeats a key counts as broken JSON.

    content (str): All that the model wrote.
    RETURNS (Answer): Its entities and relations.
    RAISES (Failure): If there is no JSON of the right form, or if there are entities but none
        can be read: a misunderstood answer is not an answer without entities.
    """
    text, is_closed = split_reasoning(content)
    if not text.strip() and is_closed:
        raise Failure(MALFORMED, f"the answer has no text: {_shorten(content)}")
    if not is_closed and not is_whole_json(text):
        raise Failure(MALFORMED, f"the reasoning has no end in {_shorten(content)}")
    found, rest = _find_answers(text)
    if not found or ENTITIES.search(rest):
        raise Failure(MALFORMED, f"no list of entities, or a repeated key, in {_shorten(content)}")
    answer = next((each for each in reversed(found) if each.entities), found[-1])
    if not answer.entities and (answer.n_broken or answer.relations):
        raise Failure(MALFORMED, f"no entity can be read in {_shorten(text)}")
    return answer


def _find_answers(text: str) -> tuple[list[Answer], str]:
    """Return the answers in a text, in order, and the text after them.

    A list without an object around it is an answer if an entity in it can be read, or if there
    is nothing else.
    """
    values = list(find_json(text))
    objects = [(each, end) for value, end in values for each in _objects_with_entities(value)]
    if not objects and "{" not in text.partition("[")[0]:
        lists = [({"entities": value}, end) for value, end in values if isinstance(value, list)]
        objects = [pair for pair in lists if _has_entity(pair[0]) or is_whole_json(text)]
    end = objects[-1][1] if objects else 0
    return [_read_object(raw) for raw, _ in objects], text[end:]


def _objects_with_entities(value: Any) -> list[dict[str, Any]]:
    """Return the objects with a list of entities: the value itself, or objects in it."""
    found, waiting = [], [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and isinstance(each.get("entities"), list):
            found.append(each)
        elif isinstance(each, dict | list):
            waiting += reversed(list(each.values()) if isinstance(each, dict) else each)
    return found


def _read_object(raw: Mapping[str, Any]) -> Answer:
    entities, relations = raw["entities"], raw.get("relations") or []
    if not isinstance(relations, list):  # none of them can be read
        relations = [None]
    read = [entity for item in entities if (entity := _read_entity(item)) is not None]
    related = [relation for item in relations if (relation := _read_relation(item)) is not None]
    n_broken = len(entities) + len(relations) - len(read) - len(related)
    return Answer(read, related, n_broken)


def _has_entity(raw: Mapping[str, Any]) -> bool:
    return any(_read_entity(item) is not None for item in raw["entities"])


def _read_entity(item: Any) -> AnswerEntity | None:
    if not isinstance(item, dict) or not (
        _is_text(item.get("text")) and _is_text(item.get("type"))
    ):
        return None
    number = item.get("id")
    return AnswerEntity(number if _is_number(number) else None, item["text"].strip(), item["type"])


def _read_relation(item: Any) -> AnswerRelation | None:
    if not isinstance(item, dict) or not _is_text(item.get("type")):
        return None
    head, tail = item.get("head"), item.get("tail")
    if not (_is_number(head) and _is_number(tail)):
        return None
    return AnswerRelation(head, item["type"], tail)  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    """Return whether a value is a string that is not blank and has no lone surrogate."""
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


def _list(items: Schema, max_items: int | None) -> Schema:
    return {"type": "array", "items": items} | ({"maxItems": max_items} if max_items else {})


def _shorten(content: str) -> str:
    """Return as much of an answer as a message can quote."""
    return repr(content if len(content) <= 80 else content[:80] + "…")
