"""Reads the entities of a Doc and writes links on it: `doc.ents` or a span group."""

from collections.abc import Sequence

from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.linking.linker import Ranked

CANDIDATES = "kb_ents"  # in the group's attrs: one list for each span


def has_group(doc: Doc, spans_key: str | None) -> bool:
    """Whether the Doc has what is to be linked; an empty Doc has it."""
    return spans_key is None or spans_key in doc.spans or not len(doc)


def spans_of(doc: Doc, spans_key: str | None) -> list[Span]:
    """The entities to link."""
    return list(doc.ents if spans_key is None else doc.spans.get(spans_key, ()))


def annotate(
    doc: Doc, candidates: Sequence[Ranked], spans_key: str | None, *, threshold: float = 0.0
) -> None:
    """Write candidates on the entities; the best is the link, or "" if none is good enough.

    Equal spans of `doc.ents` get the links of a span group. `Span._.kb_ents` is stored by
    characters, so where two spans have the same, it has those of the last; the group's
    `attrs["kb_ents"]` has all.

    doc (Doc): Changed in place.
    candidates (Sequence[Ranked]): One for each of its entities.
    spans_key (str | None): The span group; None for `doc.ents`.
    threshold (float): Score that a link needs.
    """
    spans = spans_of(doc, spans_key)
    links = [ids[0][0] if ids and ids[0][1] >= threshold else "" for ids in candidates]
    for span, ranked in zip(spans, candidates, strict=True):
        span._.kb_ents = list(ranked)
    if spans_key is None:
        _link_entities(spans, links)
    elif spans_key in doc.spans:
        _link_group(doc, spans_key, candidates, links)
        by_span = dict(zip(map(_identity, spans), links, strict=True))
        found = [entity for entity in doc.ents if _identity(entity) in by_span]
        _link_entities(found, [by_span[_identity(entity)] for entity in found])


def _link_entities(entities: Sequence[Span], links: Sequence[str]) -> None:
    for entity, link in zip(entities, links, strict=True):
        for token in entity:
            token.ent_kb_id_ = link


def _link_group(
    doc: Doc, spans_key: str, candidates: Sequence[Ranked], links: Sequence[str]
) -> None:
    group = doc.spans[spans_key]
    linked = [
        Span(doc, span.start, span.end, label=span.label, kb_id=link, span_id=span.id)
        for span, link in zip(group, links, strict=True)
    ]
    attrs = {**group.attrs, CANDIDATES: [list(ranked) for ranked in candidates]}
    doc.spans[spans_key] = SpanGroup(doc, name=group.name, attrs=attrs, spans=linked)


def _identity(span: Span) -> tuple[int, int, int]:
    return span.start, span.end, span.label
