"""Kinds of checkpoints that fewer people have: as `test_generated` and `test_way_back`, on fewer
texts.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.parity.recipes import KINDS
from tests.parity.upstream import Reference, import_gliner, probabilities, texts

import_gliner()

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint  # noqa: E402
from tests.parity.ours import Ours  # noqa: E402
from tests.parity.test_generated import MODES, THRESHOLDS, assert_same, ends_in_text  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)
TEXTS = sorted(texts(), key=len)[6:36:5]
Pair = Callable[[torch.dtype], tuple[Reference, Ours]]
BATCHING = pytest.mark.parametrize("batched", [False, True], ids=["alone", "in_batches"])


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, upstream_checkpoint: Callable[[str], Path]) -> Path:
    return upstream_checkpoint(request.param)


@pytest.fixture(scope="module")
def pair(folder: Path) -> Pair:
    """The package and the component on one checkpoint, computing in the same precision."""
    return cache(lambda dtype: (Reference(folder, dtype), Ours(folder, dtype)))


@BATCHING
def test_ids_and_logits_are_equal(pair: Pair, batched: bool) -> None:
    reference, ours = pair(torch.float32)
    found = ours.logits(TEXTS, batched=batched)
    expected = {tuple(reference.input_ids(text)): reference.logits(text) for text in TEXTS}
    assert found.keys() == expected.keys()
    for ids, logits in expected.items():
        valid = ~np.isneginf(found[ids])
        if reference.is_token:
            np.testing.assert_array_equal(valid, ~np.isneginf(logits))
        else:
            np.testing.assert_array_equal(valid, ends_in_text(logits))
        atol = 1e-5 * max(1, np.abs(logits[valid]).max())
        np.testing.assert_allclose(found[ids][valid], logits[valid], rtol=0, atol=atol)


def test_scores_spread(pair: Pair) -> None:
    """Logits near 0 would hide errors."""
    reference, _ = pair(torch.float32)
    scores = np.concatenate([probabilities(reference.logits(text)).ravel() for text in TEXTS])
    counts, _ = np.histogram(scores, bins=5, range=(0, 1))
    assert (counts > 0).all(), counts
    assert counts[1:].sum() > 50, counts


@BATCHING
@pytest.mark.parametrize(
    ("mode", "thresholds"), [("flat", THRESHOLDS), ("nested", (0.3,)), ("multi_label", (0.3,))]
)
def test_entities_are_equal(
    pair: Pair, mode: str, thresholds: tuple[float, ...], batched: bool
) -> None:
    reference, ours = pair(torch.float64)
    theirs, options = MODES[mode]
    for threshold in thresholds:
        found = ours.entities(TEXTS, batched=batched, threshold=threshold, **options)
        expected = [reference.entities(text, threshold=threshold, **theirs) for text in TEXTS]
        assert threshold > 0.3 or any(expected)
        for mine, wanted in zip(found, expected, strict=True):
            assert_same(mine, wanted)


def test_a_converted_checkpoint_gives_the_package_the_same_results(
    folder: Path, pair: Pair, tmp_path: Path
) -> None:
    write_checkpoint(read_checkpoint(folder), tmp_path)
    before, after = pair(torch.float32)[0], Reference(tmp_path)
    for text in TEXTS[:4]:
        assert after.input_ids(text) == before.input_ids(text)
        np.testing.assert_array_equal(after.logits(text), before.logits(text))
        assert after.entities(text, threshold=0.1) == before.entities(text, threshold=0.1)
    again = Ours(tmp_path).entities(TEXTS, batched=True, threshold=0.1)
    assert again == pair(torch.float32)[1].entities(TEXTS, batched=True, threshold=0.1)
