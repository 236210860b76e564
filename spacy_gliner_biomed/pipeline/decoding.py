"""From logits to entities: candidates above their threshold, and the choice among them.

Rules as GLiNER's (gliner/decoding/decoder.py): a score counts if it is strictly greater than
its threshold; the best score goes first; ties go to the earlier start, then the narrower span,
then the earlier label.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.types import Candidates, FloatArray, IntArray

Overlap = Literal["flat", "nested"]


def sigmoid(logits: FloatArray) -> FloatArray:
    """Probabilities, without overflow for large negative logits."""
    clipped = np.maximum(logits, np.float32(-80))
    probabilities: FloatArray = np.float32(1) / (np.float32(1) + np.exp(-clipped))
    return probabilities


def span_candidates(logits: FloatArray, thresholds: FloatArray) -> Candidates:
    """The spans of a row above their label's threshold.

    logits (FloatArray): Minus infinity for spans that reach beyond the row. # (W, K, C)
    thresholds (FloatArray): # (C,)
    """
    scores = sigmoid(logits)
    starts, widths, labels = np.nonzero((scores > thresholds) & np.isfinite(logits))
    return Candidates(
        starts=starts.astype(np.int32),
        ends=(starts + widths + 1).astype(np.int32),
        labels=labels.astype(np.int32),
        scores=scores[starts, widths, labels],
    )


def token_candidates(logits: FloatArray, thresholds: FloatArray) -> Candidates:
    """The spans of a row of a token model: a start, an end, and no gap between them.

    A span's score is the least of its start, its end and all its insides.

    logits (FloatArray): Start, end and inside of each word and label. # (W, C, 3)
    thresholds (FloatArray): # (C,)
    """
    scores = sigmoid(logits)
    parts = [
        _label_candidates(scores[:, c], threshold, c) for c, threshold in enumerate(thresholds)
    ]
    return Candidates.join(parts)


def choose(candidates: Candidates, *, overlap: Overlap, multi_label: bool) -> NDArray[np.intp]:
    """The candidates that are kept when the best go first and exclude what conflicts.

    Spans conflict if they share a word ("flat"), or if they do and neither contains the other
    ("nested"). The same span with another label is a conflict unless `multi_label`; the same
    span with the same label always is.

    candidates (Candidates): Any spans, of words or of tokens.
    RETURNS (NDArray[np.intp]): Indices, by start; equal starts by descending score. # (N,)
    """
    order = np.lexsort((candidates.labels, candidates.ends, candidates.starts, -candidates.scores))
    covering: dict[int, list[tuple[int, int]]] = {}  # word -> kept spans that cover it
    kept_labels: dict[tuple[int, int], set[int]] = {}
    kept: list[int] = []
    for i in order:
        start, end = int(candidates.starts[i]), int(candidates.ends[i])
        label, span = int(candidates.labels[i]), (start, end)
        if span in kept_labels:
            if not multi_label or label in kept_labels[span]:
                continue
        elif _conflicts(start, end, covering, overlap):
            continue
        else:
            for word in range(start, end):
                covering.setdefault(word, []).append(span)
        kept_labels.setdefault(span, set()).add(label)
        kept.append(int(i))
    kept.sort(key=lambda i: int(candidates.starts[i]))  # stable: equal starts stay by score
    return np.array(kept, dtype=np.intp)


def _conflicts(
    start: int, end: int, covering: dict[int, list[tuple[int, int]]], overlap: Overlap
) -> bool:
    if overlap == "flat":
        return any(word in covering for word in range(start, end))
    # A span that overlaps without containment covers the first or the last word.
    touching = (*covering.get(start, ()), *covering.get(end - 1, ()))
    return any(
        not (first <= start and end <= last) and not (start <= first and last <= end)
        for first, last in touching
    )


def _label_candidates(scores: FloatArray, threshold: np.float32, label: int) -> Candidates:
    """Candidates of one label. # scores: (W, 3)"""
    starts = np.nonzero(scores[:, 0] > threshold)[0]
    ends = np.nonzero(scores[:, 1] > threshold)[0]
    gaps = np.nonzero(scores[:, 2] < threshold)[0]
    # The first gap at or after each start: an entity ends before it.
    limits = np.append(gaps, len(scores))[np.searchsorted(gaps, starts)]
    pairs = [
        (start, end + 1)
        for start, limit in zip(starts, limits, strict=True)
        for end in ends[(ends >= start) & (ends < limit)]
    ]
    spans: IntArray = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    least = [
        min(scores[start, 0], scores[end - 1, 1], scores[start:end, 2].min())
        for start, end in spans
    ]
    return Candidates(
        starts=spans[:, 0],
        ends=spans[:, 1],
        labels=np.full(len(spans), label, dtype=np.int32),
        scores=np.array(least, dtype=np.float32),
    )
