"""Writes entities on a Doc: alignment to its tokens, `doc.spans`, `doc.ents`."""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup, Token
from spacy.vocab import Vocab

from spacy_gliner_biomed.pipeline.decoding import choose
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.pipeline.span_scores import identity, known_scores
from spacy_gliner_biomed.tokenization.alignment import align_span, cut_points
from spacy_gliner_biomed.training.corpora import WRITTEN_LABELS
from spacy_gliner_biomed.training.entity_values import (
    CANDIDATES,
    SCORES,
    VALUES,
    items_of_spans,
    listed_items,
)
from spacy_gliner_biomed.types import Candidates, ScoredSpan

EntsFilter = Callable[[Iterable[Span], Iterable[Span]], list[Span]]

# Lists in a group's attrs that have an item for each span, and the item of a new span: what
# linkers and `convert` write.
PER_SPAN: dict[str, Any] = {CANDIDATES: [], VALUES: {}, WRITTEN_LABELS: None}


def add_strings(vocab: Vocab, labels: Iterable[str]) -> None:
    """Add labels to the string store, in such a way that they outlive a memory zone.

    vocab (Vocab): The vocab.
    labels (Iterable[str]): The labels.
    """
    add_string: Callable[..., int] = vocab.strings.add  # its stub lacks an argument
    for label in labels:
        add_string(label, allow_transient=False)


def make_best_score_filter() -> EntsFilter:
    """Return the `ents_filter` registered as `spacy-gliner-biomed.best_score_filter.v1`."""
    return best_score_filter


def best_score_filter(entities: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """Add new entities to existing ones where there is room.

    entities (Iterable[Span]): Existing entities, which stay; must not overlap.
    spans (Iterable[Span]): New ones, best first, as the component gives them.
    RETURNS (list[Span]): Without overlap, by start.
    """
    chosen = list(entities)
    taken = {i for span in chosen for i in range(span.start, span.end)}
    for span in spans:
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            chosen.append(span)
            taken.update(tokens)
    return sorted(chosen, key=lambda span: span.start)


def annotate(
    doc: Doc, found: Sequence[ScoredSpan], settings: Settings, ents_filter: EntsFilter
) -> dict[str, int]:
    """Write entities on a Doc.

    doc (Doc): Changed in place; its tokens, too, if `alignment` is "split".
    found (Sequence[ScoredSpan]): Entities of its text.
    settings (Settings): Checked settings.
    ents_filter (EntsFilter): Chooses the entities for `doc.ents`.
    RETURNS (dict[str, int]): Counts of spans that were moved, left out or merged, or that earlier
        annotations keep out of `doc.ents`.
    """
    if settings.alignment == "split":
        split_tokens(doc, [(span.start, span.end) for span in found])
    spans, scores, counts = _align(doc, found, settings)
    _write_group(doc, spans, scores, settings)
    if settings.annotate_ents:
        best_first = [spans[i] for i in np.argsort([-score for score in scores], kind="stable")]
        existing = [] if settings.overwrite else list(doc.ents)
        blocked = [] if settings.overwrite else _blocked_tokens(doc)
        ents = ents_filter(existing, _outside(best_first, blocked))
        _clear_ids(doc)
        doc.set_ents(ents, blocked=blocked)
        counts["not_in_ents"] = _count_blocked(spans, [*existing, *blocked], ents)
    return counts


def split_tokens(doc: Doc, spans: Sequence[tuple[int, int]]) -> None:
    """Cut the Doc's tokens where spans begin or end inside them.

    Entities, blocked tokens, span groups and sentences keep their characters.

    doc (Doc): Changed in place.
    spans (Sequence[tuple[int, int]]): Characters, end exclusive.
    """
    starts, ends = token_offsets(doc)
    cuts = cut_points(starts, ends, spans)
    if not cuts:
        return
    blocked = [(span.start_char, span.end_char) for span in _blocked_tokens(doc)]
    groups = {key: _freeze(group) for key, group in doc.spans.items()}
    parsed = doc.has_annotation("DEP")  # then sentences follow from it
    sentences = not parsed and doc.has_annotation("SENT_START")
    with doc.retokenize() as retokenizer:
        for i, borders in cuts.items():
            limits = itertools.pairwise([0, *(border - starts[i] for border in borders), None])
            pieces = [doc[i].text[a:b] for a, b in limits]
            retokenizer.split(doc[i], pieces, **_inherited(doc[i], len(pieces), parsed=parsed))
    if blocked:  # spaCy makes the pieces of a blocked token a broken entity
        doc.set_ents([], blocked=[_cut_span(doc, *span) for span in blocked], default="unmodified")
    if doc.tensor.size:  # spaCy leaves spare rows at its end
        doc.tensor = doc.tensor[: len(doc)]
    if sentences:
        _continue_sentences(doc, [border for borders in cuts.values() for border in borders])
    for key, (name, attrs, spans_of_key) in groups.items():
        doc.spans[key] = SpanGroup(doc, name=name, attrs=attrs, spans=_thaw(doc, spans_of_key))


def _align(
    doc: Doc, found: Sequence[ScoredSpan], settings: Settings
) -> tuple[list[Span], list[float], dict[str, int]]:
    starts, ends = token_offsets(doc)
    blank = doc.to_array("IS_SPACE").astype(bool).tolist()
    # Equal scores go to the earlier label of the settings, as before the spans were moved.
    names = list(dict.fromkeys([*(spec.label for spec in settings.labels), *_labels(found)]))
    index = {name: i for i, name in enumerate(names)}
    aligned, moved = [], 0
    for span in found:
        borders = align_span(
            starts, ends, span.start, span.end, alignment=settings.alignment, blank=blank
        )
        if borders is not None:
            first, last = borders
            moved += starts[first] != span.start or ends[last - 1] != span.end
            aligned.append((first, last, index[span.label], span.score))
    tokens = np.array([span[:3] for span in aligned], dtype=np.int32).reshape(-1, 3)
    scores = np.array([span[3] for span in aligned], dtype=np.float32)
    candidates = Candidates(tokens[:, 0], tokens[:, 1], tokens[:, 2], scores)
    selected = choose(candidates, overlap=settings.overlap, multi_label=settings.multi_label)
    chosen = [aligned[i] for i in selected]
    spans = [Span(doc, first, last, label=names[label]) for first, last, label, _ in chosen]
    counts = {
        "moved": moved,
        "left_out": len(found) - len(aligned),
        "merged": len(aligned) - len(selected),
    }
    return spans, [score for *_, score in chosen], counts


def _labels(found: Iterable[ScoredSpan]) -> dict[str, None]:
    """Return each label once, in order."""
    return dict.fromkeys(span.label for span in found)


def _blocked_tokens(doc: Doc) -> list[Span]:
    """Return the tokens that must be in no entity (`doc.set_ents(blocked=...)`)."""
    begins, outside = 3, 0
    tokens = enumerate(doc.to_array(["ENT_IOB", "ENT_TYPE"]).tolist())
    return [doc[i : i + 1] for i, tags in tokens if tags == [begins, outside]]


def _clear_ids(doc: Doc) -> None:
    """Remove the ids of entities from the tokens, where a new entity without an id would find them;
    spans keep their own.
    """
    for i in np.flatnonzero(doc.to_array("ENT_ID")).tolist():
        doc[i].ent_id = 0


def _outside(spans: Iterable[Span], blocked: Iterable[Span]) -> list[Span]:
    """Return the spans without a blocked token."""
    taken = {span.start for span in blocked}
    return [span for span in spans if taken.isdisjoint(range(span.start, span.end))]


def _count_blocked(spans: Iterable[Span], existing: Iterable[Span], ents: Iterable[Span]) -> int:
    """Count the spans that are not in `doc.ents` because of earlier annotations."""
    taken = {i for entity in existing for i in range(entity.start, entity.end)}
    held = set(map(identity, ents))
    return sum(
        identity(span) not in held and not taken.isdisjoint(range(span.start, span.end))
        for span in spans
    )


def _write_group(
    doc: Doc, spans: Sequence[Span], scores: Sequence[float], settings: Settings
) -> None:
    """Set `doc.spans[spans_key]`; existing spans stay unless `overwrite`."""
    key = settings.spans_key
    attrs: dict[str, Any] = {}
    rows: list[tuple[Span, float | None, int | None]] = []  # with the index in the existing group
    new = {identity(span): (span, score) for span, score in zip(spans, scores, strict=True)}
    if key in doc.spans and not settings.overwrite:
        group = doc.spans[key]
        attrs = dict(group.attrs)
        # A span without a score that is not found was set by hand, and counts as certain, unless a
        # span was removed from the group: then nothing tells which score was whose.
        by_hand = None if len(listed_items(group, SCORES)) > len(group) else 1.0
        for i, (span, score) in enumerate(zip(group, known_scores(group), strict=True)):
            _, found = new.pop(identity(span), (span, by_hand))
            rows.append((span, found if score is None else score, i))
    rows += [(span, score, None) for span, score in new.values()]
    rows.sort(key=lambda row: row[0].start)
    attrs[SCORES] = [score for _, score, _ in rows]
    for name in PER_SPAN.keys() & attrs.keys():
        items = items_of_spans(doc.spans[key], name)
        attrs[name] = [_item(items, i, PER_SPAN[name]) for *_, i in rows]
    doc.spans[key] = SpanGroup(doc, name=key, attrs=attrs, spans=[span for span, *_ in rows])


def _item(items: Sequence[Any], i: int | None, of_new: Any) -> Any:
    """Return the item of an existing span; that of a new one for None, and where there is none."""
    return of_new if i is None or items[i] is None else items[i]


def token_offsets(doc: Doc) -> tuple[list[int], list[int]]:
    """Return the start and end character of each token of a Doc, end exclusive."""
    starts, lengths = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).T  # makes no Token
    return starts.tolist(), (starts + lengths).tolist()


def _inherited(token: Token, n: int, *, parsed: bool) -> dict[str, Any]:
    """Return heads and attributes of a token's pieces.

    spaCy says that pieces inherit their attributes, but all except the first would get those
    of the tokens that follow. Without a parse each piece heads itself; with one, the first
    keeps the head and has the others as its children.
    """
    heads = [token.head if parsed else (token, 0)]
    heads += [(token, 0 if parsed else i) for i in range(1, n)]
    attrs = {
        "TAG": token.tag,
        "POS": token.pos,
        "ENT_TYPE": token.ent_type,
        "ENT_KB_ID": token.ent_kb_id,
        "ENT_ID": token.ent_id,
    }
    if token.has_morph():
        attrs["MORPH"] = token.vocab.strings[str(token.morph)]
    deps = [token.dep, *(["dep"] if parsed else [0]) * (n - 1)]
    return {"heads": heads, "attrs": {**{key: [v] * n for key, v in attrs.items()}, "DEP": deps}}


def _freeze(
    group: SpanGroup,
) -> tuple[str, dict[str, object], list[tuple[int, int, str, str, str]]]:
    spans = [(s.start_char, s.end_char, s.label_, s.kb_id_, s.id_) for s in group]
    return group.name, dict(group.attrs), spans


def _thaw(doc: Doc, frozen: Sequence[tuple[int, int, str, str, str]]) -> list[Span]:
    spans = []
    for start, end, label, kb_id, span_id in frozen:
        spans.append(_cut_span(doc, start, end, label=label, kb_id=kb_id, span_id=span_id))
    return spans


def _cut_span(doc: Doc, start: int, end: int, **values: Any) -> Span:
    """Return a span from before the cut; its borders are still token borders."""
    span = doc.char_span(start, end, **values)
    assert span is not None
    return span


def _continue_sentences(doc: Doc, borders: Iterable[int]) -> None:
    """Let no piece of a cut token start a sentence, except the first if the token did."""
    starts, _ = token_offsets(doc)
    for border in borders:
        doc[bisect_left(starts, border)].is_sent_start = False
