"""Turn a checkpoint's logits into probabilities, and store its threshold."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.types import FloatArray

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (Platt 1999): the probability of a logit x is sigmoid(scale * x + shift).

    scale (float): 1 / temperature, greater than 0.
    shift (float): Added to the scaled logit.
    threshold (float): Used where a pipeline's `threshold` is null, from 0 to 1.
    RAISES (ValueError): For values that are not allowed.
    """

    scale: float = 1.0
    shift: float = 0.0
    threshold: float = DEFAULT_THRESHOLD

    def __post_init__(self) -> None:
        _check("scale", self.scale, "a number greater than 0", self.scale > 0)
        _check("shift", self.shift, "a number", True)
        allowed = "a number from 0 to 1"
        _check("threshold", self.threshold, allowed, 0 <= self.threshold <= 1)

    def calibrated(self, logits: FloatArray) -> FloatArray:
        """Return calibrated logits; the same array if nothing changes."""
        if self.scale == 1 and self.shift == 0:
            return logits
        values: FloatArray = np.float32(self.scale) * logits + np.float32(self.shift)
        return values

    def uncalibrated(self, logits: FloatArray) -> FloatArray:
        """Return the network's logits that `calibrated` turns into these."""
        if self.scale == 1 and self.shift == 0:
            return logits
        values: FloatArray = (logits - np.float32(self.shift)) / np.float32(self.scale)
        return values

    def then(self, later: "Calibration") -> "Calibration":
        """Combine this calibration with a later one, whose threshold counts."""
        return Calibration(
            scale=later.scale * self.scale,
            shift=later.scale * self.shift + later.shift,
            threshold=later.threshold,
        )

    def to_dict(self) -> dict[str, float]:
        """Return the values that a checkpoint stores."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Read the values that a checkpoint stores; missing ones have their defaults.

        values (Mapping[str, Any]): As `to_dict` returns them.
        RETURNS (Calibration): The calibration.
        RAISES (ValueError): If a value is not allowed.
        RAISES (TypeError): If a name is not known.
        """
        return cls(**values)


def _check(name: str, value: Any, allowed: str, is_right: bool) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and is_right):
        raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=value))


UNCALIBRATED = Calibration()
