"""Fits a calibration to gold Docs, and measures how well scores are calibrated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from spacy.training import Example

from spacy_gliner_biomed.models.calibration import DEFAULT_THRESHOLD, Calibration
from spacy_gliner_biomed.models.catalogue import normalize
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.training.gold import read_gold

FLOOR = 0.02  # entities with lower scores are hardly ever right, and very many
BINS = 10
GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)
SHIFTS = np.round(np.arange(-2, 4.01, 0.1), 1)
PRIOR = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Entities found in gold Docs, as parallel arrays. # (N,)

    scores (NDArray): Probabilities.
    right (NDArray): 1 if characters and label are those of a gold entity, else 0.
    labels (Sequence[str]): Their labels.
    gold (dict[str, int]): Number of gold entities of each label.
    """

    scores: Floats
    right: Floats
    labels: Sequence[str]
    gold: dict[str, int]

    def of(self, label: str) -> "Scored":
        """Those of one label."""
        mine = np.array([found == label for found in self.labels], dtype=bool)
        gold = {label: self.gold.get(label, 0)}
        return Scored(self.scores[mine], self.right[mine], [label] * int(mine.sum()), gold)

    def f1(self, thresholds: Floats) -> Floats:
        """Strict F1 at each threshold. # (T,)"""
        order = np.argsort(-self.scores, kind="stable")
        hits = np.concatenate([[0.0], np.cumsum(self.right[order])])
        n_found = np.searchsorted(-self.scores[order], -thresholds, side="left")
        total = np.maximum(n_found + sum(self.gold.values()), 1)
        f1: Floats = 2 * hits[n_found] / total
        return f1


def score_docs(component: GlinerBiomed, examples: Iterable[Example]) -> Scored:
    """Return what a component finds at a low threshold, compared with gold.

    Only labels that a Doc annotates count, see `training.gold`.

    component (GlinerBiomed): With the labels that are asked.
    examples (Iterable[Example]): Gold Docs.
    """
    docs = [example.reference for example in examples]
    scores, right, labels = [], [], []
    gold_counts: dict[str, int] = {}
    predictions = component.predict(docs, threshold=FLOOR)
    for doc, prediction in zip(docs, predictions, strict=True):
        gold = read_gold(doc, component.cfg["spans_key"])
        known = component.labels if gold.annotated is None else gold.annotated
        asked = {label for label in component.labels if label in known}
        for *_, label in gold.spans:
            gold_counts[label] = gold_counts.get(label, 0) + (label in asked)
        for span in prediction.spans:
            if span.label in asked:
                scores.append(span.score)
                right.append((span.start, span.end, span.label) in gold.spans)
                labels.append(span.label)
    return Scored(np.array(scores), np.array(right, dtype=np.float64), labels, gold_counts)


def fit(scored: Scored, iterations: int = 50) -> Calibration:
    """Platt scaling by Newton's method, with the targets of Platt (1999), which keep few
    examples from being fitted exactly.

    scored (Scored): At least one right and one wrong entity.
    iterations (int): Steps, at most.
    """
    logits = _logit(scored.scores)
    n_right = scored.right.sum()
    n_wrong = len(scored.right) - n_right
    high, low = (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2)
    targets = np.where(scored.right > 0, high, low)
    design = np.stack([logits, np.ones_like(logits)], axis=1)  # (N, 2)
    weights = np.array([1.0, 0.0])
    for _ in range(iterations):
        probabilities = _sigmoid(design @ weights)
        gradient = design.T @ (probabilities - targets)
        curvature = probabilities * (1 - probabilities) + 1e-9
        step = np.linalg.solve((design.T * curvature) @ design + 1e-6 * np.eye(2), gradient)
        loss = _loss(design @ weights, targets)
        while _loss(design @ (weights - step), targets) > loss and np.abs(step).max() > 1e-8:
            step = step / 2  # a full step can overshoot
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return Calibration(float(max(weights[0], 0.05)), float(weights[1]))


def calibrated(scored: Scored, calibration: Calibration) -> Scored:
    """Return the same entities with their scores calibrated; a label stands for its prompt."""
    logits = calibration.scale * _logit(scored.scores) + calibration.shifts(scored.labels)
    return replace(scored, scores=_sigmoid(logits))


def best_threshold(scored: Scored) -> tuple[float, float]:
    """The threshold with the best strict F1 on a grid, and that F1; the one nearest to 0.5 if
    several are as good.
    """
    values = scored.f1(GRID)
    near = np.flatnonzero(values >= values.max() - 1e-9)
    best = near[np.argmin(np.abs(GRID[near] - DEFAULT_THRESHOLD))]
    return float(GRID[best]), float(values[best])


def centre(scored: Scored, max_loss: float) -> Calibration:
    """Shift scores by as little as needed for 0.5 to be nearly the threshold with the best F1.

    Of calibrated scores the best threshold is about half of the best F1 (Lipton et al., ECML
    2014), so below 0.5: a pipeline that keeps the default threshold loses F1. The shift gives
    up some calibration for it.

    scored (Scored): Entities with calibrated scores.
    max_loss (float): F1 that 0.5 may lose to the best threshold, 0 to 1.
    RETURNS (Calibration): A shift alone.
    """
    threshold, best = best_threshold(scored)
    direction = 1 if threshold < DEFAULT_THRESHOLD else -1
    for size in np.arange(0, 3, 0.05):
        shifted = Calibration(shift=float(direction * size))
        f1 = calibrated(scored, shifted).f1(np.array([DEFAULT_THRESHOLD]))[0]
        if f1 >= best - max_loss:
            return shifted
    return Calibration()


def label_shifts(scored: Scored, min_gold: int) -> Calibration:
    """Shift the scores of single labels towards a best threshold of 0.5 for each.

    A few dozen gold entities say little about a label's best threshold, so its counts are joined
    with `PRIOR` gold entities' worth of the counts of all labels.

    scored (Scored): Entities with calibrated scores.
    min_gold (int): Gold entities that a label needs.
    RETURNS (Calibration): The shifts alone; a label stands for its prompt.
    """
    everything = _counts(scored)
    share = PRIOR / max(sum(scored.gold.values()), 1)
    shifts = {}
    for label, n_gold in sorted(scored.gold.items()):
        right, total = _counts(scored.of(label)) + share * everything
        f1 = 2 * right / np.maximum(total, 1e-9)
        near = SHIFTS[f1 >= f1.max() - 1e-9]
        best = float(near[np.argmin(np.abs(near))])
        if n_gold >= min_gold and best != 0:
            shifts[normalize(label)] = best
    return Calibration(prompt_shifts=shifts)


def _counts(scored: Scored) -> Floats:
    """Right entities, and found plus gold ones, at 0.5 after each of `SHIFTS`. # (2, T)"""
    found = _logit(scored.scores)[:, None] + SHIFTS > 0
    n_gold = sum(scored.gold.values())
    return np.stack([scored.right @ found, found.sum(axis=0) + n_gold])


@dataclass(frozen=True)
class ReliabilityBin:
    """Entities with scores in one interval: how many, their mean score, the share of right ones."""

    low: float
    high: float
    count: int
    score: float
    precision: float


def reliability(scored: Scored, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the bins that have entities, by score."""
    which = np.minimum((scored.scores * bins).astype(int), bins - 1)
    rows = []
    for i in range(bins):
        mine = which == i
        if mine.any():
            score, precision = scored.scores[mine].mean(), scored.right[mine].mean()
            row = (i / bins, (i + 1) / bins, int(mine.sum()), float(score), float(precision))
            rows.append(ReliabilityBin(*row))
    return rows


def calibration_error(scored: Scored, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of score and precision, by entities
    (Naeini et al., AAAI 2015). 0 to 1; 0 without entities.
    """
    rows = reliability(scored, bins)
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.score - row.precision) for row in rows) / max(total, 1)


def _logit(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities.astype(np.float64), 1e-9, 1 - 1e-9)
    logits: Floats = np.log(clipped) - np.log1p(-clipped)
    return logits


def _sigmoid(logits: Floats) -> Floats:
    probabilities: Floats = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return probabilities


def _loss(logits: Floats, targets: Floats) -> float:
    """Cross-entropy."""
    return float((np.logaddexp(0, logits) - targets * logits).sum())
