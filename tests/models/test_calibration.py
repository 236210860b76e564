import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.models.calibration import Calibration
from spacy_gliner_biomed.models.catalogue import Catalogue, TrainedLabel
from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint

PROMPTS = ["disease", "drug", "lab test"]
CALIBRATIONS = st.builds(
    Calibration,
    st.floats(0.1, 5),
    st.floats(-3, 3),
    st.floats(0, 1),
    st.dictionaries(st.sampled_from(PROMPTS), st.floats(-2, 2)),
)


def test_the_default_changes_nothing_and_copies_nothing() -> None:
    logits = np.array([-1.0, 2.0], dtype=np.float32)
    shifts = Calibration().shifts(["disease", "drug"])
    assert Calibration().calibrated(logits, shifts) is logits
    assert Calibration().uncalibrated(logits, shifts) is logits


@given(CALIBRATIONS)
def test_there_and_back(calibration: Calibration) -> None:
    logits = np.array([[-30.0, -np.inf, 0.25], [30.0, 0.0, -1.0]], dtype=np.float32)
    shifts = calibration.shifts(PROMPTS)
    back = calibration.uncalibrated(calibration.calibrated(logits, shifts), shifts)
    np.testing.assert_allclose(back, logits, rtol=1e-4, atol=1e-4)


@given(CALIBRATIONS, CALIBRATIONS)
def test_one_after_the_other(first: Calibration, second: Calibration) -> None:
    logits = np.array([-3.0, 0.5, 7.0], dtype=np.float32)
    after_first = first.calibrated(logits, first.shifts(PROMPTS))
    expected = second.calibrated(after_first, second.shifts(PROMPTS))
    both = first.then(second)
    found = both.calibrated(logits, both.shifts(PROMPTS))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert both.threshold == second.threshold


def test_a_prompt_has_its_own_shift_however_it_is_spelled() -> None:
    calibration = Calibration(2.0, 0.5, prompt_shifts={"lab test": 1.0})
    spellings = ["lab test", "LabTest", "lab_tests", "drug"]
    assert calibration.shifts(spellings).tolist() == [1.5, 1.5, 1.5, 0.5]
    logits = np.ones((2, 4), dtype=np.float32)
    calibrated = calibration.calibrated(logits, calibration.shifts(spellings))
    assert calibrated.tolist() == 2 * [[3.5, 3.5, 3.5, 2.5]]


def test_a_prompt_without_a_shift_has_that_of_its_label() -> None:
    catalogue = Catalogue((TrainedLabel("drug", prompt_variants=("medication", "medicine")),))
    calibration = Calibration(prompt_shifts={"drug": 1.0, "medicine": -1.0})
    shifts = calibration.shifts(["Medications", "medicine", "drug", "disease"], catalogue)
    assert shifts.tolist() == [1.0, -1.0, 1.0, 0.0]


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
        {"prompt_shifts": {"drug": math.nan}},
    ],
)
def test_other_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        Calibration(**values)


def test_a_checkpoint_keeps_it(uni_span: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(uni_span)
    assert checkpoint.calibration == Calibration()
    checkpoint.calibration = Calibration(0.7, -0.2, 0.4, {"drug": 0.3})
    write_checkpoint(checkpoint, tmp_path)
    assert read_checkpoint(tmp_path).calibration == Calibration(0.7, -0.2, 0.4, {"drug": 0.3})
