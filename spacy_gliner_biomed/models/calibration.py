"""Turn a checkpoint's logits into probabilities, and store its threshold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.catalogue import NO_LABELS, Catalogue, normalize
from spacy_gliner_biomed.types import FloatArray

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (Platt 1999). The probability of a logit x is
    sigmoid(scale * x + shift + prompt_shifts[prompt]).

    scale (float): 1 / temperature, greater than 0.
    shift (float): Added to all scaled logits.
    threshold (float): The threshold of pipelines whose `threshold` is null, from 0 to 1.
    prompt_shifts (Mapping[str, float]): Added to the scaled logits of single prompts, so that one
        threshold suits all labels. Keys are normalized prompts, see `catalogue.normalize`.
    RAISES (ValueError): If a value is not allowed.
    """

    scale: float = 1.0
    shift: float = 0.0
    threshold: float = DEFAULT_THRESHOLD
    prompt_shifts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("scale", self.scale, "a number greater than 0", self.scale > 0)
        _check("shift", self.shift, "a number", True)
        allowed = "a number from 0 to 1"
        _check("threshold", self.threshold, allowed, 0 <= self.threshold <= 1)
        for prompt, shift in self.prompt_shifts.items():
            _check(f"prompt_shifts: {prompt}", shift, "a number", True)

    def shifts(self, prompts: Sequence[str], catalogue: Catalogue = NO_LABELS) -> FloatArray:
        """Return the total shift of each prompt's scaled logits.

        prompts (Sequence[str]): The prompts.
        catalogue (Catalogue): Trained labels. A prompt without a shift of its own gets that of the
            trained label with the same meaning.
        RETURNS (FloatArray): # (C,)
        """
        own = [self._shift(prompt, catalogue) for prompt in prompts]
        return np.array(own, dtype=np.float32) + np.float32(self.shift)

    def _shift(self, prompt: str, catalogue: Catalogue) -> float:
        for name in (prompt, catalogue.familiar(prompt)):
            if name is not None and normalize(name) in self.prompt_shifts:
                return self.prompt_shifts[normalize(name)]
        return 0.0

    def calibrated(self, logits: FloatArray, shifts: FloatArray) -> FloatArray:
        """Return calibrated logits; the same array if nothing changes.

        logits (FloatArray): Logits of spans (.., C) or of tokens (.., C, 3).
        shifts (FloatArray): The result of `shifts`, in a shape that broadcasts.
        RETURNS (FloatArray): Calibrated logits, in the shape of `logits`.
        """
        if self.scale == 1 and not shifts.any():
            return logits
        values: FloatArray = np.float32(self.scale) * logits + shifts
        return values

    def uncalibrated(self, logits: FloatArray, shifts: FloatArray) -> FloatArray:
        """Undo `calibrated`: return the network's logits."""
        if self.scale == 1 and not shifts.any():
            return logits
        values: FloatArray = (logits - shifts) / np.float32(self.scale)
        return values

    def then(self, later: "Calibration") -> "Calibration":
        """Return this calibration followed by a later one; the later one's threshold is used."""
        shifts = {prompt: later.scale * shift for prompt, shift in self.prompt_shifts.items()}
        for prompt, shift in later.prompt_shifts.items():
            shifts[prompt] = shifts.get(prompt, 0.0) + shift
        return Calibration(
            scale=later.scale * self.scale,
            shift=later.scale * self.shift + later.shift,
            threshold=later.threshold,
            prompt_shifts=shifts,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the values that a checkpoint stores."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Make a calibration from the values that a checkpoint stores. Missing values have their
        defaults.

        values (Mapping[str, Any]): Values by name, as returned by `to_dict`.
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
