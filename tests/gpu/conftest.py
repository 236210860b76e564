"""Fixtures for tests on an NVIDIA GPU; without one, all of them are skipped.

They give `device` as users do who have no CuPy, and compare with the CPU.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc

LABELS = ["disease", "drug", "gene", "cell line"]
RELATIONS = ["treats", "causes"]
WORDS = ["the", "patient", "of", "aspirin", "drug", "cell", "cancer", "10", "mg", "(b12)", "."]
ROUNDING = 2e-5  # largest difference of two scores in float32
MakePipeline = Callable[..., Language]


@pytest.fixture(autouse=True)
def gpu() -> None:
    """Skips where torch sees no NVIDIA GPU."""
    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")


@pytest.fixture
def make_pipeline() -> MakePipeline:
    """Builds a blank English pipeline on a checkpoint and a device."""

    def make(checkpoint: Path, device: str | None = "cuda", **config: Any) -> Language:
        nlp = spacy.blank("en")
        settings = {"labels": LABELS, "threshold": 0.3, "device": device, **config}
        nlp.add_pipe("gliner_biomed", config={**settings, "model": {"checkpoint": str(checkpoint)}})
        return nlp

    return make


def random_texts(count: int = 24, longest: int = 90, seed: int = 0) -> list[str]:
    """Texts of 1 to `longest` words; those with more words than a window have several."""
    numbers = np.random.default_rng(seed)
    sizes = numbers.integers(1, longest, size=count)
    return [" ".join(numbers.choice(WORDS, size=size)) for size in sizes]


def assert_same(found: Sequence[Doc], expected: Sequence[Doc]) -> None:
    """Assert that Docs have the same spans, and nearly the same scores."""
    assert sum(len(doc.spans["sc"]) for doc in expected) > 10
    for doc, wanted in zip(found, expected, strict=True):
        spans = [(span.start, span.end, span.label_) for span in doc.spans["sc"]]
        assert spans == [(span.start, span.end, span.label_) for span in wanted.spans["sc"]]
        scores = doc.spans["sc"].attrs["scores"], wanted.spans["sc"].attrs["scores"]
        np.testing.assert_allclose(*scores, rtol=0, atol=ROUNDING)
