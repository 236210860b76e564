"""Writes found entities on a Doc: alignment to its tokens, `doc.spans`, `doc.ents`."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.pipeline.decoding import choose
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.alignment import align_span, cut_points
from spacy_gliner_biomed.types import Candidates, ScoredSpan

EntsFilter = Callable[[Iterable[Span], Iterable[Span]], list[Span]]


def make_best_score_filter() -> EntsFilter:
    """The default `ents_filter`, registered as `spacy-gliner-biomed.best_score_filter.v1`."""
    return best_score_filter


def best_score_filter(entities: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """Entities that are there already, then new ones in their order where there is room.

    entities (Iterable[Span]): Kept as they are; must not overlap.
    spans (Iterable[Span]): New ones, best first, as the component gives them.
    RETURNS (list[Span]): Without overlap, by start.
    """
    kept = list(entities)
    taken = {i for span in kept for i in range(span.start, span.end)}
    for span in spans:
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            kept.append(span)
            taken.update(tokens)
    return sorted(kept, key=lambda span: span.start)


def annotate(
    doc: Doc, found: Sequence[ScoredSpan], settings: Settings, ents_filter: EntsFilter
) -> dict[str, int]:
    """Write entities on a Doc.

    doc (Doc): Changed in place; its tokens too if `alignment` is "split".
    found (Sequence[ScoredSpan]): Entities of its text.
    settings (Settings): Checked settings.
    ents_filter (EntsFilter): Chooses the entities for `doc.ents`.
    RETURNS (dict[str, int]): What was moved, left out and merged.
    """
    if settings.alignment == "split":
        split_tokens(doc, [(span.start, span.end) for span in found])
    spans, scores, counts = _align(doc, found, settings)
    _write_group(doc, spans, scores, settings)
    if settings.annotate_ents:
        best_first = [spans[i] for i in np.argsort([-score for score in scores], kind="stable")]
        existing = [] if settings.overwrite else list(doc.ents)
        ents = ents_filter(existing, best_first)
        doc.set_ents(ents)
        counts["not_in_ents"] = _count_blocked(spans, existing, ents)
    return counts


def split_tokens(doc: Doc, spans: Sequence[tuple[int, int]]) -> None:
    """Cut the Doc's tokens where spans begin or end inside them.

    Entities, span groups and sentences stay where they are in the text.

    doc (Doc): Changed in place.
    spans (Sequence[tuple[int, int]]): Characters.
    """
    starts, ends = _offsets(doc)
    cuts = cut_points(starts, ends, spans)
    if not cuts:
        return
    groups = {key: _freeze(group) for key, group in doc.spans.items()}
    with doc.retokenize() as retokenizer:
        for i, borders in cuts.items():
            token, inner = doc[i], [border - starts[i] for border in borders]
            limits = zip([0, *inner], [*inner, len(token)], strict=True)
            pieces = [token.text[a:b] for a, b in limits]
            parsed = doc.has_annotation("DEP")
            # Without a parse each piece heads itself; with one, the first keeps the head.
            heads = [token.head if parsed else (token, 0)]
            heads += [(token, 0 if parsed else n) for n in range(1, len(pieces))]
            retokenizer.split(token, pieces, heads=heads)
    _reset_sent_starts(doc, [border for borders in cuts.values() for border in borders])
    for key, (attrs, frozen) in groups.items():
        doc.spans[key] = SpanGroup(doc, name=key, attrs=attrs, spans=_thaw(doc, frozen))


def _align(
    doc: Doc, found: Sequence[ScoredSpan], settings: Settings
) -> tuple[list[Span], list[float], dict[str, int]]:
    starts, ends = _offsets(doc)
    names = list(dict.fromkeys(span.label for span in found))
    aligned, moved, left_out = [], 0, 0
    for span in found:
        borders = align_span(starts, ends, span.start, span.end, alignment=settings.alignment)
        if borders is None:
            left_out += 1
            continue
        first, last = borders
        moved += starts[first] != span.start or ends[last - 1] != span.end
        aligned.append((first, last, names.index(span.label), span.score))
    tokens = np.array([span[:3] for span in aligned], dtype=np.int32).reshape(-1, 3)
    scores = np.array([span[3] for span in aligned], dtype=np.float32)
    candidates = Candidates(tokens[:, 0], tokens[:, 1], tokens[:, 2], scores)
    kept = choose(candidates, overlap=settings.overlap, multi_label=settings.multi_label)
    add_string: Callable[..., int] = doc.vocab.strings.add  # its stub lacks an argument
    spans = []
    for i in kept:
        first, last, label, _ = aligned[i]
        add_string(names[label], allow_transient=False)  # survives memory zones
        spans.append(Span(doc, first, last, label=names[label]))
    counts = {"moved": moved, "left_out": left_out, "merged": len(aligned) - len(kept)}
    return spans, [aligned[i][3] for i in kept], counts


def _count_blocked(spans: Iterable[Span], existing: Iterable[Span], ents: Iterable[Span]) -> int:
    """How many found spans are not in `doc.ents` because of entities that were there before."""
    taken = {i for entity in existing for i in range(entity.start, entity.end)}
    held = {(entity.start, entity.end, entity.label) for entity in ents}
    return sum(
        (span.start, span.end, span.label) not in held
        and not taken.isdisjoint(range(span.start, span.end))
        for span in spans
    )


def _write_group(
    doc: Doc, spans: Sequence[Span], scores: Sequence[float], settings: Settings
) -> None:
    """Set `doc.spans[spans_key]`; spans that are there already are kept unless `overwrite`."""
    key = settings.spans_key
    old: list[tuple[Span, float]] = []
    if key in doc.spans and not settings.overwrite:
        group = doc.spans[key]
        known = list(group.attrs.get("scores", []))
        # A span of unknown score was put there by somebody who was sure of it.
        known = [float(s) for s in known] if len(known) == len(group) else [1.0] * len(group)
        new = {(span.start, span.end, span.label) for span in spans}
        old = [
            (span, score)
            for span, score in zip(group, known, strict=True)
            if (span.start, span.end, span.label) not in new
        ]
    merged = sorted([*old, *zip(spans, scores, strict=True)], key=lambda pair: pair[0].start)
    attrs = {"scores": [score for _, score in merged]}
    doc.spans[key] = SpanGroup(doc, name=key, attrs=attrs, spans=[span for span, _ in merged])


def _offsets(doc: Doc) -> tuple[list[int], list[int]]:
    starts = [token.idx for token in doc]
    return starts, [start + len(token) for start, token in zip(starts, doc, strict=True)]


def _freeze(group: SpanGroup) -> tuple[dict[str, object], list[tuple[int, int, str, str, str]]]:
    spans = [(s.start_char, s.end_char, s.label_, s.kb_id_, s.id_) for s in group]
    return dict(group.attrs), spans


def _thaw(doc: Doc, frozen: Sequence[tuple[int, int, str, str, str]]) -> list[Span]:
    spans = []
    for start, end, label, kb_id, span_id in frozen:
        span = doc.char_span(start, end, label=label, kb_id=kb_id, span_id=span_id)
        assert span is not None  # tokens were only cut, so each old border is still one
        spans.append(span)
    return spans


def _reset_sent_starts(doc: Doc, borders: Iterable[int]) -> None:
    """Undo that spaCy copies the sentence start of a token to each of its pieces."""
    if doc.has_annotation("DEP"):  # sentences follow from the parse
        return
    starts, _ = _offsets(doc)
    for border in borders:
        token = doc[bisect_left(starts, border)]
        if token.is_sent_start:
            token.is_sent_start = False
