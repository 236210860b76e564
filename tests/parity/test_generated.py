"""Random checkpoints of the GLiNER package: the same ids, logits and entities."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.parity.recipes import RECIPES
from tests.parity.upstream import Reference, import_gliner, probabilities, texts

import_gliner()

from tests.parity.ours import Entity, Ours  # noqa: E402  after the package that warns

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
MODES = {  # the package's options, ours
    "flat": ({"flat_ner": True}, {"overlap": "flat"}),
    "nested": ({"flat_ner": False}, {"overlap": "nested"}),
    "multi_label": ({"multi_label": True}, {"multi_label": True}),
}
Pair = Callable[[torch.dtype], tuple[Reference, Ours]]
BATCHING = pytest.mark.parametrize("batched", [False, True], ids=["alone", "in_batches"])


@pytest.fixture(scope="module", params=list(RECIPES))
def folder(request: pytest.FixtureRequest, upstream_checkpoint: Callable[[str], Path]) -> Path:
    return upstream_checkpoint(request.param)


@pytest.fixture(scope="module")
def pair(folder: Path) -> Callable[[torch.dtype], tuple[Reference, Ours]]:
    """The package and the component on one checkpoint, computing in the same precision."""
    return cache(lambda dtype: (Reference(folder, dtype), Ours(folder, dtype)))


@BATCHING
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-7)])
def test_ids_and_logits_are_equal(
    pair: Pair, dtype: torch.dtype, tolerance: float, batched: bool
) -> None:
    """Within the tolerance times a text's largest logit, if that is more than 1: logits are
    sums of larger terms, whose rounding they carry. Of float64, the component's last step is
    to float32.
    """
    reference, ours = pair(dtype)
    found = ours.logits(texts(), batched=batched)
    expected = {tuple(reference.input_ids(text)): reference.logits(text) for text in texts()}
    assert found.keys() == expected.keys()
    for ids, logits in expected.items():
        valid = np.isfinite(found[ids])
        if not reference.is_token:
            np.testing.assert_array_equal(valid, ends_in_text(logits))
        atol = tolerance * max(1, np.abs(logits).max())
        np.testing.assert_allclose(found[ids][valid], logits[valid], rtol=0, atol=atol)


def test_scores_spread(pair: Pair) -> None:
    """Logits near 0 would hide errors."""
    reference, _ = pair(torch.float32)
    scores = np.concatenate([probabilities(reference.logits(text)).ravel() for text in texts()])
    counts, _ = np.histogram(scores, bins=5, range=(0, 1))
    assert (counts > 50).all(), counts


@BATCHING
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_entities_are_equal(pair: Pair, threshold: float, mode: str, batched: bool) -> None:
    """In float64: among 100,000 random scores there are always some whose order, or whose side
    of a threshold, hangs on the last bit of float32.
    """
    reference, ours = pair(torch.float64)
    theirs, options = MODES[mode]
    found = ours.entities(texts(), batched=batched, threshold=threshold, **options)
    expected = [reference.entities(text, threshold=threshold, **theirs) for text in texts()]
    assert any(expected)
    for mine, wanted in zip(found, expected, strict=True):
        assert_same(mine, wanted)


def assert_same(found: list[Entity], expected: list[Entity]) -> None:
    assert [entity[:3] for entity in found] == [entity[:3] for entity in expected]
    assert [entity[3] for entity in found] == pytest.approx([e[3] for e in expected], abs=1e-4)


def ends_in_text(logits: np.ndarray) -> np.ndarray:
    """Which spans end within their text. # (W, K, C)"""
    n_words, n_widths, _ = logits.shape
    ends = np.arange(n_words)[:, None] + np.arange(n_widths)
    return np.broadcast_to((ends < n_words)[..., None], logits.shape)
