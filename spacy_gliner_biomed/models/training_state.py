"""Store the state of a training run in one file of tensors and plain values."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.pickled import load_pickled


def write_state(state: Mapping[str, Any], path: Path) -> None:
    """Write a state. If the process is killed, either the old or the new file is complete."""
    unfinished = path.with_suffix(".unfinished")
    torch.save(dict(state), unfinished)
    unfinished.replace(path)


def read_state(path: Path) -> dict[str, Any]:
    """Read a file of `write_state`.

    RAISES (ValueError): If the file is damaged, or holds other objects.
    """
    state: dict[str, Any] = load_pickled(path, Errors.E067)
    return state


def random_state() -> dict[str, Any]:
    """Return the states of the random number generators of Python, numpy and torch."""
    kind, keys, *rest = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": random.getstate(),
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Restore a `random_state`."""
    random.setstate(state["python"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
