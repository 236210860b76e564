import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.models.calibration import Calibration
from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint

CALIBRATIONS = st.builds(Calibration, st.floats(0.1, 5), st.floats(-3, 3), st.floats(0, 1))


def test_the_default_changes_nothing_and_copies_nothing() -> None:
    logits = np.array([-1.0, 2.0], dtype=np.float32)
    assert Calibration().calibrated(logits) is logits
    assert Calibration().uncalibrated(logits) is logits


@given(CALIBRATIONS)
def test_there_and_back(calibration: Calibration) -> None:
    logits = np.array([-30.0, -np.inf, 0.25, 30.0], dtype=np.float32)
    back = calibration.uncalibrated(calibration.calibrated(logits))
    np.testing.assert_allclose(back, logits, rtol=1e-4, atol=1e-4)


@given(CALIBRATIONS, CALIBRATIONS)
def test_one_after_the_other(first: Calibration, second: Calibration) -> None:
    logits = np.array([-3.0, 0.5, 7.0], dtype=np.float32)
    expected = second.calibrated(first.calibrated(logits))
    both = first.then(second)
    np.testing.assert_allclose(both.calibrated(logits), expected, rtol=1e-4, atol=1e-4)
    assert both.threshold == second.threshold


@pytest.mark.parametrize(
    "values",
    [
        {"scale": 0},
        {"scale": -1.0},
        {"scale": math.nan},
        {"shift": math.inf},
        {"shift": "0"},
        {"threshold": 1.5},
        {"threshold": True},
    ],
)
def test_other_values_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        Calibration(**values)


def test_a_checkpoint_keeps_it(uni_span: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(uni_span)
    assert checkpoint.calibration == Calibration()
    checkpoint.calibration = Calibration(0.7, -0.2, 0.4)
    write_checkpoint(checkpoint, tmp_path)
    assert read_checkpoint(tmp_path).calibration == Calibration(0.7, -0.2, 0.4)
