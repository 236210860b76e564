"""Fit a calibration to gold Docs, and measure how well scores are calibrated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from spacy.training import Example

from spacy_gliner_biomed.models.calibration import DEFAULT_THRESHOLD, Calibration
from spacy_gliner_biomed.models.catalogue import normalize
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.training.gold import read_gold

MIN_SCORE = 0.02  # entities with lower scores are many, and hardly ever right
BINS = 10
GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)  # thresholds
SHIFTS = np.round(np.arange(-2, 4.01, 0.1), 1)  # candidate shifts of a label's logits
PRIOR = 20  # gold entities, see `label_shifts`
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Entities found in gold Docs, as parallel arrays. # (N,)

    scores (NDArray): Their probabilities.
    right (NDArray): 1 if a gold entity has the same characters and label, otherwise 0.
    labels (Sequence[str]): Their labels.
    gold (dict[str, int]): Number of gold entities, by label.
    """

    scores: Floats
    right: Floats
    labels: Sequence[str]
    gold: dict[str, int]

    def of(self, label: str) -> "Scored":
        """Return the entities of one label."""
        mine = np.array([found == label for found in self.labels], dtype=bool)
        gold = {label: self.gold.get(label, 0)}
        return Scored(self.scores[mine], self.right[mine], [label] * int(mine.sum()), gold)

    def f1(self, thresholds: Floats) -> Floats:
        """Return the strict F1 at each threshold. # (T,)"""
        order = np.argsort(-self.scores, kind="stable")
        hits = np.concatenate([[0.0], np.cumsum(self.right[order])])
        n_found = np.searchsorted(-self.scores[order], -thresholds, side="left")
        total = np.maximum(n_found + sum(self.gold.values()), 1)
        f1: Floats = 2 * hits[n_found] / total
        return f1


def score_docs(component: GlinerBiomed, examples: Iterable[Example]) -> Scored:
    """Find entities with a low threshold, and compare them with gold entities.

    As in the scorer, only the annotated labels of a Doc count, and only spans in tokens whose
    annotation is not missing, see `training.gold`. Labels' own thresholds are not used.

    component (GlinerBiomed): The component, with its labels.
    examples (Iterable[Example]): Examples with gold Docs.
    RETURNS (Scored): The entities that were found.
    """
    docs = [example.reference for example in examples]
    scores, right, labels = [], [], []
    gold_counts: dict[str, int] = {}
    prompts = [{"label": x.label, "prompt": x.prompt} for x in component.settings().labels]
    predictions = component.predict(docs, threshold=MIN_SCORE, labels=prompts)
    for doc, prediction in zip(docs, predictions, strict=True):
        gold = read_gold(doc, component.cfg["spans_key"])
        known = component.labels if gold.annotated is None else gold.annotated
        asked = {label for label in component.labels if label in known}
        for *_, label in gold.spans:
            gold_counts[label] = gold_counts.get(label, 0) + (label in asked)
        for span in prediction.spans:
            is_known = not any(a < span.end and span.start < b for a, b in gold.unknown)
            if span.label in asked and is_known:
                scores.append(span.score)
                right.append((span.start, span.end, span.label) in gold.spans)
                labels.append(span.label)
    return Scored(np.array(scores), np.array(right, dtype=np.float64), labels, gold_counts)


def fit(scored: Scored, iterations: int = 50) -> Calibration:
    """Fit Platt scaling by Newton's method. The targets of Platt (1999) avoid overfitting if there
    are few examples.

    scored (Scored): Entities, of which at least one is right and one is wrong.
    iterations (int): Maximum number of steps.
    RETURNS (Calibration): The calibration.
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
    """Return the entities with calibrated scores. Labels are used as prompts."""
    logits = calibration.scale * _logit(scored.scores) + calibration.shifts(scored.labels)
    return replace(scored, scores=_sigmoid(logits))


def best_threshold(scored: Scored) -> tuple[float, float]:
    """Return the threshold of a grid with the best strict F1, and that F1. Of several equally good
    thresholds, return the one nearest to 0.5.
    """
    values = scored.f1(GRID)
    near = np.flatnonzero(values >= values.max() - 1e-9)
    best = near[np.argmin(np.abs(GRID[near] - DEFAULT_THRESHOLD))]
    return float(GRID[best]), float(values[best])


def centre(scored: Scored, max_loss: float) -> Calibration:
    """Find the smallest shift of scores with which the threshold 0.5 is nearly the best.

    The best threshold for calibrated scores is about half of the best F1 (Lipton et al., ECML
    2014) and thus below 0.5, so a pipeline with the default threshold loses F1. The shift avoids
    this, at the cost of some calibration.

    scored (Scored): Entities with calibrated scores.
    max_loss (float): How much lower the F1 at 0.5 may be than the best F1, from 0 to 1.
    RETURNS (Calibration): A calibration that only shifts.
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
    """Find a shift for each label that moves its best threshold towards 0.5.

    A few dozen gold entities say little about a label's best threshold. The counts of all labels,
    scaled to `PRIOR` gold entities, are therefore added to the counts of each label.

    scored (Scored): Entities with calibrated scores.
    min_gold (int): Minimum number of gold entities of a label; labels with fewer get no shift.
    RETURNS (Calibration): A calibration that only shifts; labels are used as prompts.
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
    """Count the right entities, and the found plus the gold entities, at the threshold 0.5 after
    each of `SHIFTS`. # (2, T)
    """
    found = _logit(scored.scores)[:, None] + SHIFTS > 0
    n_gold = sum(scored.gold.values())
    return np.stack([scored.right @ found, found.sum(axis=0) + n_gold])


@dataclass(frozen=True)
class ReliabilityBin:
    """Entities with scores in one interval: their number, mean score and share of right ones."""

    low: float
    high: float
    count: int
    score: float
    precision: float


def reliability(scored: Scored, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the bins that are not empty, in ascending order of scores."""
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
    """Return the expected calibration error (Naeini et al., AAAI 2015), from 0 to 1: the difference
    of score and precision in each bin, averaged over entities. It is 0 without entities.
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
    """Return the cross-entropy."""
    return float((np.logaddexp(0, logits) - targets * logits).sum())
