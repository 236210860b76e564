"""Further values of the entities of Docs: their scores, and what lines of JSON say of them.

The scores are where the pipeline writes them, in the attributes of the span group. The other values
of a line are there, too, as a list of dicts in the order of the spans.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.training.gold import GoldSpan, labelled_offsets, trim_spans
from spacy_gliner_biomed.training.line_entities import CONCEPT_SCORE, SCORE, is_number

# The keys in the attributes of a span group.
SCORES, CANDIDATES, VALUES = "scores", "kb_ents", "entity_values"
EXTENSION = "._."  # the first part of spaCy's keys in `Doc.user_data`

Values = Mapping[GoldSpan, Mapping[str, Any]]
Ranked = list[tuple[str, float]]  # concepts and scores


def read_entity_values(doc: Doc, spans_key: str) -> dict[GoldSpan, dict[str, Any]]:
    """Read the further values of entities from their span group, and the custom attributes.

    doc (Doc): The Doc.
    spans_key (str): The span group.
    RETURNS (dict[GoldSpan, dict[str, Any]]): The values of the entities that have some.
    """
    group = doc.spans.get(spans_key)
    spans = list(doc.ents if group is None else group)
    names, none = (SCORES, CANDIDATES, VALUES), [None] * len(spans)
    columns = {name: none if group is None else items_of_spans(group, name) for name in names}
    custom = _custom_values(doc)
    found: dict[GoldSpan, dict[str, Any]] = {}
    for i, span in enumerate(spans):
        values = dict(custom.get((span.start_char, span.end_char), {}))
        own, score, candidates = (columns[name][i] for name in (VALUES, SCORES, CANDIDATES))
        values |= own if isinstance(own, Mapping) else {}
        links = [x[1] for x in candidates or () if len(x) == 2 and x[0] == span.kb_id_]
        values |= {SCORE: score} if is_number(score) else {}
        values |= {CONCEPT_SCORE: links[0]} if links else {}
        offsets = labelled_offsets(span)
        for key in trim_spans(doc.text, [offsets])[0] if values else ():
            found.setdefault(key, values)
    return found


def write_entity_values(doc: Doc, values: Values, spans_key: str) -> None:
    """Set the further values of entities, see `read_entity_values`.

    doc (Doc): A Doc with a span group, see `gold.write_gold`; changed in place.
    values (Values): The values of the entities that have some. They must fit into a DocBin.
    spans_key (str): The span group.
    """
    group = doc.spans[spans_key]
    rows = [dict(values.get(labelled_offsets(x), {})) for x in group]
    # The pipeline reads scores of all entities or of none.
    if rows and all(is_number(row.get(SCORE)) for row in rows):
        group.attrs[SCORES] = [float(row.pop(SCORE)) for row in rows]
    if any(rows):
        group.attrs[VALUES] = rows


def items_of_spans(group: SpanGroup, name: str) -> list[Any]:
    """Return the item that each span of a group has in a list in its attributes.

    Spans that another component has appended are the last ones, and have none. If spans were
    removed, nothing tells to which ones the items belong.

    group (SpanGroup): The group.
    name (str): The name of the list.
    RETURNS (list[Any]): An item for each span; None for those that have none.
    """
    items = listed_items(group, name)
    known = items if len(items) <= len(group) else []
    return [*known, *[None] * (len(group) - len(known))]


def listed_items(group: SpanGroup, name: str) -> list[Any]:
    """Return a list in the attributes of a group; empty for what another program keeps there."""
    items = group.attrs.get(name)
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        return []
    return list(items)


def candidates_of(spans: Sequence[Span], group: SpanGroup | None) -> list[Ranked]:
    """Return the candidates that a linker has found for each span, best first.

    `Span._` has one list for all spans with the same offsets, so a group's own lists go before.

    spans (Sequence[Span]): The spans; those of the group if there is one.
    group (SpanGroup | None): The group.
    RETURNS (list[Ranked]): Concepts and scores of each span.
    """
    if group is not None and CANDIDATES in group.attrs:
        known = items_of_spans(group, CANDIDATES)
        return [[(name, score) for name, score in each or ()] for each in known]
    if not Span.has_extension(CANDIDATES):
        return [[] for _ in spans]
    return [list(getattr(span._, CANDIDATES)) for span in spans]


def _custom_values(doc: Doc) -> dict[tuple[int, int], dict[str, Any]]:
    """Return what is stored for `Span._`, by offsets."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for key, value in doc.user_data.items():
        if isinstance(key, tuple) and key[0] == EXTENSION and None not in key[2:4]:
            _, name, start, end = key[:4]
            found.setdefault((start, end), {})[name] = value
    return found
