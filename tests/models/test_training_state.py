"""Training state: whole or absent, and read as tensors and plain values only."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.models.training_state import (
    random_state,
    read_state,
    restore_random_state,
    write_state,
)


def test_random_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    write_state(random_state(), tmp_path / "state.pt")
    drawn = [random.random(), np.random.random(), float(torch.rand(1))]
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    restore_random_state(read_state(tmp_path / "state.pt"))
    assert [random.random(), np.random.random(), float(torch.rand(1))] == drawn


def test_an_interrupted_write_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.pt"
    write_state({"n": 1}, path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_state({"n": 2}, path)
    assert read_state(path) == {"n": 1}


def test_a_broken_file_and_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(b"no state")
    with pytest.raises(ValueError, match="GB-E067"):
        read_state(path)
    torch.save({"object": Path("x")}, path)
    with pytest.raises(ValueError, match="GB-E067"):
        read_state(path)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
