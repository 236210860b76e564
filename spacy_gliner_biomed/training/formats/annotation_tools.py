"""Read the JSON of Prodigy, doccano and PubAnnotation."""

from collections.abc import Mapping
from typing import Any

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.records import Entities, reads_records
from spacy_gliner_biomed.training.line_entities import CONCEPT_KEY, ENTITY_KEYS
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    REJECTED,
    Counts,
    check_keys,
    check_list,
    check_string,
    cover,
)

ANSWERS = ("accept", "reject", "ignore")
# A task without entities may lack "spans"; one with these keys is a record of another format.
OTHER_KEYS = {"entities", "denotations", "labels", "passages", "annotations"}
DOCCANO_KEYS = ("start_offset", "end_offset", "label")


@reads_records
def read_prodigy(record: Any, options: ReadOptions, counts: Counts) -> AnnotatedText | None:
    """Read Prodigy's tasks: {"text", "spans": [{"start", "end", "label"}], "answer"}.

    Examples whose answer is "reject" or "ignore" are counted and left out, if entities are wanted.
    """
    text, answer = check_string(record, "text"), record.get("answer", "accept")
    if answer not in ANSWERS:
        raise ValueError(f"'answer' must be one of {', '.join(ANSWERS)}; found {answer!r}")
    if options.gold and OTHER_KEYS & record.keys() and "spans" not in record:
        check_keys(record, ("spans",))
    if options.gold and answer != "accept":
        counts[REJECTED] += 1
        return None
    found = _entities(text, check_list(record, "spans"), counts)
    counts[NO_ENTITIES] += len(check_list(record, "relations"))
    meta = record.get("meta")
    return found.annotated(record.get("id", meta.get("id") if isinstance(meta, dict) else None))


@reads_records
def read_doccano(record: Any, options: ReadOptions, counts: Counts) -> AnnotatedText:
    """Read doccano's records in both shapes: {"text", "label": [[start, end, label]]}, and
    {"text", "entities": [{"start_offset", "end_offset", "label"}], "relations"}.
    """
    text = check_string(record, "text")
    triples = check_list(record, "label") or check_list(record, "labels")
    entities = [_doccano_entity(entity) for entity in check_list(record, "entities")]
    counts[NO_ENTITIES] += len(check_list(record, "relations"))
    if not {"label", "labels", "entities"} & record.keys():
        check_keys(record, ("entities",))
    return _entities(text, [*map(_triple, triples), *entities], counts).annotated(record.get("id"))


@reads_records
def read_pubannotation(record: Any, options: ReadOptions, counts: Counts) -> AnnotatedText:
    """Read PubAnnotation's documents: {"text", "denotations": [{"span": {"begin", "end"}, "obj"}]},
    also in "tracks".

    The id is "sourcedb:sourceid", with the number of the division, if there is one. The attribute
    "concept_id" of a denotation is its concept; other attributes are counted.
    """
    text = check_string(record, "text")
    if options.gold and "tracks" not in record:
        check_keys(record, ("denotations",))
    found = Entities(text, counts)
    for track in [record, *check_list(record, "tracks")]:
        check_keys(track, ())
        concepts = _concepts(check_list(track, "attributes"), counts)
        for denotation in check_list(track, "denotations"):
            _add_denotation(denotation, concepts, found)
        others = ("relations", "modifications", "blocks")
        counts[NO_ENTITIES] += sum(len(check_list(track, key)) for key in others)
    parts = (record.get(key) for key in ("sourcedb", "sourceid", "divid"))
    return found.annotated(":".join(str(part) for part in parts if part not in (None, "")))


def _entities(text: str, entities: list[Any], counts: Counts) -> Entities:
    found = Entities(text, counts)
    for entity in entities:
        check_keys(entity, ENTITY_KEYS)
        start, end, label = (entity[key] for key in ENTITY_KEYS)
        found.add(start, end, label, mention=entity.get("text"), concept=entity.get(CONCEPT_KEY))
    return found


def _triple(triple: Any) -> Mapping[str, Any]:
    """Return an entity [start, end, label] with names.

    RAISES (ValueError): If it has another form.
    """
    if not isinstance(triple, list) or len(triple) != len(ENTITY_KEYS):
        raise ValueError(f"an entity must be [start, end, label]; found {triple!r}")
    return dict(zip(ENTITY_KEYS, triple, strict=True))


def _doccano_entity(entity: Any) -> Mapping[str, Any]:
    check_keys(entity, DOCCANO_KEYS)
    return dict(zip(ENTITY_KEYS, (entity[key] for key in DOCCANO_KEYS), strict=True))


def _concepts(attributes: list[Any], counts: Counts) -> dict[str, Any]:
    """Return the concept of each denotation by its id; count the other attributes."""
    concepts = {}
    for attribute in attributes:
        check_keys(attribute, ())
        if attribute.get("pred") == CONCEPT_KEY:
            concepts[str(attribute.get("subj"))] = attribute.get("obj")
        else:
            counts[NO_ENTITIES] += 1
    return concepts


def _add_denotation(denotation: Any, concepts: Mapping[str, Any], found: Entities) -> None:
    """Add the entity of a denotation, whose span may be a list of fragments.

    RAISES (ValueError): If it is not as it must be.
    """
    check_keys(denotation, ("span", "obj"))
    spans, fragments = denotation["span"], []
    for span in spans if isinstance(spans, list) else [spans]:
        check_keys(span, ("begin", "end"))
        if not type(span["begin"]) is type(span["end"]) is int:
            raise ValueError(f"offsets must be whole numbers; found {span!r}")
        fragments.append((span["begin"], span["end"]))
    start, end = cover(fragments, found.text, found.counts)
    found.add(start, end, denotation["obj"], concept=concepts.get(str(denotation.get("id"))))
