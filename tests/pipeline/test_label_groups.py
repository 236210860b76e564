"""Which columns of the logits are whose, and what counts in them."""

from collections.abc import Callable

import numpy as np

from spacy_gliner_biomed.models.calibration import UNCALIBRATED
from spacy_gliner_biomed.pipeline.label_groups import LabelGroup
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.prompts import bare_prompt

LABELS = [
    {"label": "A", "prompt": "x", "threshold": 0.9},
    {"label": "B", "prompt": "y"},
    {"label": "C", "prompt": "x", "threshold": 0.2},
]


def test_labels_of_one_prompt_share_its_column_and_the_lowest_threshold(
    make_settings: Callable[..., Settings],
) -> None:
    group = LabelGroup.of(
        bare_prompt(["x", "y"]), make_settings(labels=LABELS, threshold=0.5), UNCALIBRATED
    )
    assert group.labels.tolist() == [0, 1, 2]
    logits = np.array([[1.0, 2.0]], dtype=np.float32)
    assert group.of_labels(logits).tolist() == [[1.0, 2.0, 1.0]]
    np.testing.assert_allclose(group.thresholds, [0.9, 0.5, 0.2])
    np.testing.assert_allclose(group.min_logits, np.log([0.25, 1.0]), atol=1e-4)
    assert (group.min_logits < np.log([0.25, 1.0])).all()


def test_labels_with_a_column_each_need_no_copy(make_settings: Callable[..., Settings]) -> None:
    group = LabelGroup.of(bare_prompt(["A", "B", "C"]), make_settings(), UNCALIBRATED)
    logits = np.zeros((4, 3), dtype=np.float32)
    assert group.of_labels(logits) is logits
