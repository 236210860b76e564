"""Turns logits into entities: candidates above their threshold, and a choice among them.

The rules are GLiNER's (gliner/decoding/decoder.py): a score has to be strictly greater than its
threshold; the best score goes first; ties go to the earlier start, then the narrower span, then the
earlier label (GLiNER's token decoder compares labels before widths).
"""

from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.types import Candidates, FloatArray, SpanLogits

Overlap = Literal["flat", "nested"]


def sigmoid(logits: FloatArray) -> FloatArray:
    """Return probabilities, without overflow for large negative logits.

    RAISES (ValueError): If a logit is not a number.
    """
    if np.isnan(logits).any():
        raise ValueError(Errors.E036)
    clipped = np.maximum(logits, np.float32(-80))
    probabilities: FloatArray = np.float32(1) / (np.float32(1) + np.exp(-clipped))
    return probabilities


def span_candidates(
    spans: SpanLogits, thresholds: FloatArray, *, multi_label: bool = True
) -> Candidates:
    """Return the spans of a row above their label's threshold. A token model first has to find
    them: start, end and all insides are above the threshold of one of the labels.

    spans (SpanLogits): At least all spans with a logit above `threshold_logits`.
    thresholds (FloatArray): # (C,)
    multi_label (bool): Whether a span can have several labels; if not, only the best label of each
        span is a candidate.
    RETURNS (Candidates): The candidates.
    RAISES (ValueError): If a logit is not a number.
    """
    if spans.token_logits is not None:
        found = (sigmoid(spans.token_logits) > thresholds).any(axis=-1)
        spans = SpanLogits(spans.starts[found], spans.ends[found], spans.logits[found])
    scores = sigmoid(spans.logits)  # (N, C)
    above = scores > thresholds
    above &= spans.logits > -np.inf
    if multi_label:
        which, labels = np.nonzero(above)
    else:
        best = np.where(above, scores, -1).argmax(axis=-1)
        which = np.flatnonzero(above.any(axis=-1))
        labels = best[which]
    return Candidates(
        starts=spans.starts[which],
        ends=spans.ends[which],
        labels=labels.astype(np.int32),
        scores=scores[which, labels],
    )


def threshold_logits(thresholds: FloatArray) -> FloatArray:
    """Return logits slightly below those of thresholds. Comparing logits takes a tenth of the time
    of computing probabilities, which are then needed only for the few spans above.

    thresholds (FloatArray): # (C,)
    RETURNS (FloatArray): # (C,)
    """
    lowered = thresholds.astype(np.float64) * (1 - 1e-5) - 1e-6  # float32 may round that far
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = np.where(lowered > 0, np.log(lowered) - np.log1p(-lowered), -np.inf)
    return lowest.astype(np.float32)


def token_candidates(logits: FloatArray, thresholds: FloatArray) -> Candidates:
    """Return the spans of a row of a token model: a start, an end, and no gap between them.

    A span's score is the minimum of its start, its end and all its insides.

    logits (FloatArray): Start, end and inside of each word and label. # (W, C, 3)
    thresholds (FloatArray): # (C,)
    RETURNS (Candidates): The candidates.
    """
    scores = sigmoid(logits)
    parts = [
        part
        for label, threshold in enumerate(thresholds)
        for part in _label_candidates(scores[:, label], threshold, label)
    ]
    return Candidates.join(parts)


def choose(candidates: Candidates, *, overlap: Overlap, multi_label: bool) -> NDArray[np.intp]:
    """Choose candidates greedily: the best go first, and exclude those that conflict.

    Spans conflict if they share a word ("flat"), or if they share a word and neither contains the
    other ("nested"). The same span with another label is a conflict unless `multi_label`; the same
    span with the same label always is.

    candidates (Candidates): Any spans, of words or of tokens.
    overlap (Overlap): "flat" or "nested".
    multi_label (bool): Whether a span may have several labels.
    RETURNS (NDArray[np.intp]): Indices, by start; equal starts by descending score. # (N,)
    """
    starts, ends, labels = candidates.starts, candidates.ends, candidates.labels
    order = np.lexsort((labels, ends, starts, -candidates.scores))
    spans = zip(starts[order].tolist(), ends[order].tolist(), strict=True)
    space: _Space = (_FlatSpace if overlap == "flat" else _NestedSpace)(int(ends.max(initial=0)))
    labels_of_span: dict[tuple[int, int], set[int]] = {}
    selected: list[int] = []
    for i, label, span in zip(order.tolist(), labels[order].tolist(), spans, strict=True):
        known = labels_of_span.get(span)
        if known is None:
            if space.conflicts(*span):
                continue
            space.take(*span)
            labels_of_span[span] = {label}
        elif multi_label and label not in known:
            known.add(label)
        else:
            continue
        selected.append(i)
    chosen = np.array(selected, dtype=np.intp)
    return chosen[np.argsort(starts[chosen], kind="stable")]  # equal starts stay by score


class _Space(Protocol):
    """The words of a text that chosen spans leave free."""

    def conflicts(self, start: int, end: int) -> bool: ...

    def take(self, start: int, end: int) -> None: ...


class _FlatSpace:
    """No two spans share a word."""

    def __init__(self, n_words: int) -> None:
        self.taken = bytearray(n_words)

    def conflicts(self, start: int, end: int) -> bool:
        return 1 in self.taken[start:end]

    def take(self, start: int, end: int) -> None:
        self.taken[start:end] = b"\1" * (end - start)


class _NestedSpace:
    """Spans that share a word contain one another.

    Two spans cross if one has the start or the end of the other inside it, but not both. For each
    border between words, the first end and the last start of the chosen spans around it are kept.
    """

    def __init__(self, n_words: int) -> None:
        self.first_end = np.full(n_words + 1, n_words)
        self.last_start = np.zeros(n_words + 1, dtype=np.int64)

    def conflicts(self, start: int, end: int) -> bool:
        return bool(self.first_end[start] < end or self.last_start[end] > start)

    def take(self, start: int, end: int) -> None:
        inside = slice(start + 1, end)
        np.minimum(self.first_end[inside], end, out=self.first_end[inside])
        np.maximum(self.last_start[inside], start, out=self.last_start[inside])


def _label_candidates(
    scores: FloatArray, threshold: np.float32, label: int
) -> Iterator[Candidates]:
    """Yield the candidates of one label, start by start. # scores: (W, 3)"""
    starts = np.nonzero(scores[:, 0] > threshold)[0]
    ends = np.nonzero(scores[:, 1] > threshold)[0]
    gaps = np.nonzero(scores[:, 2] < threshold)[0]
    # The first gap at or after each start: an entity ends before it.
    limits = np.append(gaps, len(scores))[np.searchsorted(gaps, starts)]
    for start, limit in zip(starts, limits, strict=True):
        lasts = ends[(ends >= start) & (ends < limit)]
        if not len(lasts):
            continue
        inside = np.minimum.accumulate(scores[start:limit, 2])[lasts - start]
        borders = np.minimum(scores[start, 0], scores[lasts, 1])
        yield Candidates(
            starts=np.full(len(lasts), start, dtype=np.int32),
            ends=(lasts + 1).astype(np.int32),
            labels=np.full(len(lasts), label, dtype=np.int32),
            scores=np.minimum(inside, borders),
        )
