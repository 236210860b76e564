"""GLiNER's focal binary cross-entropy, with its gradient written out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spacy_gliner_biomed.types import BoolArray, FloatArray

CLAMP = 1e-6


@dataclass(frozen=True)
class FocalLoss:
    """GLiNER's focal loss and its gradient, registered as `spacy-gliner-biomed.FocalLoss.v1`.

    alpha (float): Weight of positives; negatives have 1 - alpha. A negative alpha means no weights.
    gamma (float): Exponent by which easy cases lose weight; 0 for none.
    prob_margin (float): Subtracted from the probability of negatives.
    label_smoothing (float): Moves targets towards 0.5.
    reduction: "sum", or "mean" over spans (not over spans times labels), or in a token model over
        words times labels.

    Upstream `focal_loss_with_logits` (gliner/modeling/loss_functions.py) and
    `SpanModel.loss` (gliner/modeling/base.py).
    """

    alpha: float = 0.75
    gamma: float = 2.0
    prob_margin: float = 0.0
    label_smoothing: float = 0.0
    reduction: Literal["sum", "mean"] = "sum"

    def __call__(self, logits: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
        """Compute the loss of one row and its gradient.

        logits (FloatArray): Minus infinity marks spans that extend past the end of the row.
            # (W, K, C) for spans, (W, C, 3) for tokens
        targets (FloatArray): 1 where a span has the label, else 0; NaN where it is not known. Has
            the shape of the logits.
        RETURNS (tuple[float, FloatArray]): The loss, and its gradient.
        """
        valid = np.isfinite(logits) & ~np.isnan(targets)
        targets = np.where(valid, targets, 0)
        x = np.clip(np.where(valid, logits, 0), -80, 80).astype(np.float64)
        t = targets * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        p = 1 / (1 + np.exp(-x))
        loss, d_p = self._elements(p, t)
        d_x = d_p * p * (1 - p)
        return self._reduced(loss, d_x, valid)

    def of_probabilities(
        self, probabilities: FloatArray, targets: FloatArray
    ) -> tuple[float, FloatArray]:
        """Compute the loss of probabilities that have no logits, and its gradient.

        probabilities (FloatArray): From 0 to 1. # (..)
        targets (FloatArray): As for a call. # (..)
        RETURNS (tuple[float, FloatArray]): The loss, and its gradient.
        """
        valid = ~np.isnan(targets)
        targets = np.where(valid, targets, 0)
        t = targets * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        loss, d_p = self._elements(probabilities.astype(np.float64), t)
        return self._reduced(loss, d_p, valid)

    def _reduced(
        self, loss: FloatArray, gradient: FloatArray, valid: BoolArray
    ) -> tuple[float, FloatArray]:
        """Reduce the loss of elements, and scale its gradient accordingly."""
        scale = self._scale(valid)
        scaled: FloatArray = (np.where(valid, gradient, 0) * scale).astype(np.float32)
        return float(loss[valid].sum()) * scale, scaled

    def _elements(self, p: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute the loss of each element, and its derivative by the probability."""
        shifted = np.clip(p - self.prob_margin, 0, 1)
        d_shifted = (p >= self.prob_margin).astype(p.dtype)
        yes, no = np.maximum(p, CLAMP), np.maximum(1 - shifted, CLAMP)
        loss = -t * np.log(yes) - (1 - t) * np.log(no)
        d_loss = -t / yes * (p >= CLAMP) + (1 - t) / no * d_shifted * (1 - shifted >= CLAMP)
        if self.gamma > 0:
            miss = 1 - (p * t + (1 - shifted) * (1 - t))
            d_miss = (1 - t) * d_shifted - t
            weight = miss**self.gamma
            slope = self.gamma * np.maximum(miss, 1e-30) ** (self.gamma - 1) * d_miss
            loss, d_loss = loss * weight, d_loss * weight + loss * slope
        if self.alpha >= 0:
            weight = self.alpha * t + (1 - self.alpha) * (1 - t)
            loss, d_loss = loss * weight, d_loss * weight
        return loss, d_loss

    def _scale(self, valid: BoolArray) -> float:
        if self.reduction == "sum":
            return 1.0
        return 1.0 / max(int(valid.any(axis=-1).sum()), 1)


def make_focal_loss(
    alpha: float = 0.75,
    gamma: float = 2.0,
    prob_margin: float = 0.0,
    label_smoothing: float = 0.0,
    reduction: Literal["sum", "mean"] = "sum",
) -> FocalLoss:
    """Make a `FocalLoss`; arguments as `FocalLoss`."""
    return FocalLoss(alpha, gamma, prob_margin, label_smoothing, reduction)
