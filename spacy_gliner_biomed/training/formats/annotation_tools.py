"""Read the JSON of Prodigy, doccano and PubAnnotation."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.training.corpora import ENTITY_KEYS, AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    REJECTED,
    Counts,
    check_keys,
    check_list,
    check_string,
    cover,
    located,
    make_span,
)

ANSWERS = ("accept", "reject", "ignore")
DOCCANO_KEYS = ("start_offset", "end_offset", "label")


def read_prodigy(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read Prodigy's JSON lines: {"text", "spans": [{"start", "end", "label"}], "answer"}.

    Examples whose answer is "reject" or "ignore" are counted and left out.

    path (Path): The file.
    options (ReadOptions): The encoding, and whether entities are wanted.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for place, record in read_values(path, options.encoding):
        with located(path, place):
            text, answer = check_string(record, "text"), record.get("answer", "accept")
            if answer not in ANSWERS:
                raise ValueError(f"'answer' must be one of {', '.join(ANSWERS)}; found {answer!r}")
            if options.gold and answer != "accept":
                counts[REJECTED] += 1
                continue
            spans = _spans(check_list(record, "spans"), text, counts)
            counts[NO_ENTITIES] += len(check_list(record, "relations"))
            meta = record.get("meta")
            own = record.get("id", meta.get("id") if isinstance(meta, dict) else None)
        yield AnnotatedText(text, spans, [], None, _name(own))


def read_doccano(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read doccano's JSON lines in both shapes: {"text", "label": [[start, end, label]]}, and
    {"text", "entities": [{"start_offset", "end_offset", "label"}], "relations"}.

    path (Path): The file.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for place, record in read_values(path, options.encoding):
        with located(path, place):
            text = check_string(record, "text")
            triples = check_list(record, "label") or check_list(record, "labels")
            entities = [_doccano_entity(entity) for entity in check_list(record, "entities")]
            counts[NO_ENTITIES] += len(check_list(record, "relations"))
            if not {"label", "labels", "entities"} & record.keys():
                check_keys(record, ("entities",))
            spans = _spans([*map(_triple, triples), *entities], text, counts)
        yield AnnotatedText(text, spans, [], None, _name(record.get("id")))


def read_pubannotation(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read PubAnnotation's JSON: {"text", "denotations": [{"span": {"begin", "end"}, "obj"}]}, also
    in "tracks", as one document, an array or lines.

    The id is "sourcedb:sourceid", with the number of the division, if there is one.

    path (Path): The file.
    options (ReadOptions): The encoding, and whether entities are wanted.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for place, record in read_values(path, options.encoding):
        with located(path, place):
            text = check_string(record, "text")
            if options.gold and "tracks" not in record:
                check_keys(record, ("denotations",))
            spans: dict[GoldSpan, None] = {}
            for track in [record, *check_list(record, "tracks")]:
                check_keys(track, ())
                for denotation in check_list(track, "denotations"):
                    spans[_denotation(denotation, text, counts)] = None
                others = ("relations", "attributes", "modifications", "blocks")
                counts[NO_ENTITIES] += sum(len(check_list(track, key)) for key in others)
            parts = (record.get(key) for key in ("sourcedb", "sourceid", "divid"))
            name = ":".join(str(part) for part in parts if part not in (None, ""))
        yield AnnotatedText(text, list(spans), [], None, name)


def _name(own: Any) -> str:
    return "" if own is None else str(own)


def _spans(entities: list[Any], text: str, counts: Counts) -> list[GoldSpan]:
    spans: dict[GoldSpan, None] = {}
    for entity in entities:
        check_keys(entity, ENTITY_KEYS)
        start, end, label = (entity[key] for key in ENTITY_KEYS)
        spans[make_span(text, start, end, label, counts, entity.get("text"))] = None
    return list(spans)


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


def _denotation(denotation: Any, text: str, counts: Counts) -> GoldSpan:
    """Return the entity of a denotation, whose span may be a list of fragments.

    RAISES (ValueError): If it is not as it must be.
    """
    check_keys(denotation, ("span", "obj"))
    found = denotation["span"]
    fragments = []
    for span in found if isinstance(found, list) else [found]:
        check_keys(span, ("begin", "end"))
        if not type(span["begin"]) is type(span["end"]) is int:
            raise ValueError(f"offsets must be whole numbers; found {span!r}")
        fragments.append((span["begin"], span["end"]))
    return make_span(text, *cover(fragments, text, counts), denotation["obj"], counts)
