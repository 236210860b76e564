"""Which columns of the logits are whose, and what counts in them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.models.calibration import UNCALIBRATED
from spacy_gliner_biomed.models.catalogue import Catalogue, TrainedLabel
from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from spacy_gliner_biomed.pipeline.label_groups import LabelGroup, encode_labels
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.prompts import Prompt, bare_prompt

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


@pytest.mark.parametrize("budget", [512, 12])
def test_a_network_that_reads_layout_reads_labels_in_words(uni_span: Path, budget: int) -> None:
    published = load_checkpoint(str(uni_span))
    own = replace(published, subtokens=replace(published.subtokens, layout=(1, 2, 3)))
    written, words = ["GeneProduct", "cell_line", "DNA"], ["gene product", "cell line", "DNA"]
    prompts = encode_labels(written, own, budget)
    assert [text for prompt in prompts for text in prompt.texts] == written
    assert _ids(prompts) == _ids(encode_labels(words, published, budget))
    assert _ids(encode_labels(written, published, 512)) != _ids(encode_labels(words, own, 512))


def test_forms_of_a_trained_label_are_read_as_training_wrote_it(uni_span: Path) -> None:
    published = load_checkpoint(str(uni_span))
    known = Catalogue((TrainedLabel("lab test", prompt_variants=("signs and symptoms", "X-ray")),))
    own = replace(
        published, subtokens=replace(published.subtokens, layout=(1, 2, 3)), catalogue=known
    )
    forms = {"Lab tests": "lab test", "LabTests": "lab test", "x rays": "X-ray"}
    forms |= {"Signs and symptoms": "signs and symptoms", "new tests": "new tests"}
    prompts = encode_labels(list(forms), own, 512)
    assert _ids(prompts) == _ids(encode_labels(list(forms.values()), published, 512))
    assert prompts[0].texts == tuple(forms)


def _ids(prompts: list[Prompt]) -> list[list[int]]:
    return [prompt.input_ids.tolist() for prompt in prompts]
