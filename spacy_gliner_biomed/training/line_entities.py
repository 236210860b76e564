"""Concept ids and further values of entities in lines of JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import CONTRADICTORY, Counts

ENTITY_KEYS = ("start", "end", "label")
CONCEPT_KEY = "concept_id"  # of an entity, in what `annotate` writes
# Values of an entity that other formats know, too.
SCORE, CONCEPT_NAME, CONCEPT_SCORE = "score", "concept_name", "concept_score"
NONE: tuple[Any, ...] = (None, "", [])  # ids of an entity without a concept


def concept_of(entity: Mapping[str, Any]) -> str:
    """Return the concept ids of an entity, as `annotate` or a corpus names them.

    entity (Mapping[str, Any]): With "concept_id" or "id": a text, a whole number or a list of them.
    RETURNS (str): See `join_ids`.
    RAISES (ValueError): If an id is something else.
    """
    return join_ids(entity.get(_concept_key(entity)))


def join_ids(found: Any) -> str:
    """Join concept ids, as they were read, to one text.

    found (Any): A text, a number or a list of them; None for no concept.
    RETURNS (str): The ids, each once, of which several are joined by ","; "" for none.
    RAISES (ValueError): If an id is something else.
    """
    ids = [] if found is None else found if isinstance(found, list) else [found]
    if not all(type(each) in (str, int) for each in ids):
        raise ValueError(
            f"a concept id must be a text, a whole number or a list of them; found {found!r}"
        )
    return ",".join(dict.fromkeys(str(each) for each in ids if str(each).strip()))


def values_of(
    entities: Iterable[tuple[GoldSpan, Mapping[str, Any]]], counts: Counts
) -> dict[GoldSpan, dict[str, Any]]:
    """Return the further values of the entities of a line.

    entities (Iterable[tuple[GoldSpan, Mapping[str, Any]]]): The entities, as they were read.
    counts (Counts): Values that contradict those of an entity with the same offsets and label are
        added.
    RETURNS (dict[GoldSpan, dict[str, Any]]): The values of the entities that have some.
    """
    found: dict[GoldSpan, dict[str, Any]] = {}
    for span, entity in entities:
        known = {*ENTITY_KEYS, "text", CONCEPT_KEY, _concept_key(entity)}
        empty = {key for key in (SCORE, CONCEPT_NAME, CONCEPT_SCORE) if entity.get(key) is None}
        values = {key: entity[key] for key in entity if key not in known | empty}
        if values:
            first = found.setdefault(span, {})
            counts[CONTRADICTORY] += sum(first.get(key, x) != x for key, x in values.items())
            found[span] = values | first
    return found


def is_number(value: Any) -> bool:
    """Return whether a value of JSON is a number."""
    return type(value) in (int, float)


def _concept_key(entity: Mapping[str, Any]) -> str:
    return "id" if entity.get(CONCEPT_KEY) in NONE else CONCEPT_KEY
