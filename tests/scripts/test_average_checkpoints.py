"""The average of two checkpoints."""

from pathlib import Path

import torch

from scripts.average_checkpoints import average
from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from tests.tiny import tiny_checkpoint


def test_average_lies_between_the_weights_by_the_share(tmp_path: Path) -> None:
    first = tiny_checkpoint(tmp_path / "first", seed=1)
    second = tiny_checkpoint(tmp_path / "second", seed=2)
    average(first, second, tmp_path / "average", 0.25)
    one, two, mean = (
        load_checkpoint(str(folder)).network.state_dict()
        for folder in (first, second, tmp_path / "average")
    )
    assert any(not torch.equal(one[name], two[name]) for name in one)
    for name in one:
        torch.testing.assert_close(mean[name], 0.75 * one[name] + 0.25 * two[name])
