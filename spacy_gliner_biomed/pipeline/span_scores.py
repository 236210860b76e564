"""`Span._.score`: the scores of the spans of a group, read from its attrs."""

from bisect import bisect_left
from numbers import Real
from typing import Any

from spacy.tokens import Span, SpanGroup

from spacy_gliner_biomed.training.entity_values import SCORES, items_of_spans


def add_score_extension() -> None:
    """Register `Span._.score`, unless another package already has."""
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=score_of)


def score_of(span: Span) -> float | None:
    """Return the score of a span, as `Span._.score` has it.

    Scores are read from the span groups, so they are there wherever the groups are: in `doc.ents`,
    saved Docs, and other processes. If several groups have the span, the first one counts.

    span (Span): A span of a group, of `doc.ents`, or any other.
    RETURNS (float | None): The score of the equal span (borders and label) in a group with scores;
        None if there is none.
    """
    wanted = identity(span)
    for group in span.doc.spans.values():
        scores = items_of_spans(group, SCORES)
        first = bisect_left(group, span.start, key=lambda other: other.start)
        # Groups of the component are sorted by their start; others need not be.
        for i in [*range(first, len(group)), *range(first)]:
            if scores[i] is not None and identity(group[i]) == wanted:
                return _number(scores[i])
    return None


def known_scores(group: SpanGroup) -> list[float | None]:
    """Return the score of each span of a group; None for those that have none."""
    scores = items_of_spans(group, SCORES)
    return [_number(score) for score in scores]


def _number(score: Any) -> float | None:
    """Return a score; None for anything else that another program keeps there."""
    return float(score) if isinstance(score, Real) and not isinstance(score, bool) else None


def identity(span: Span) -> tuple[int, int, int]:
    """Return the tokens and the label of a span, by which equal spans are known."""
    return span.start, span.end, span.label
