"""Checkpoints that this package writes are read by the GLiNER package."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.parity.recipes import RECIPES
from tests.parity.upstream import Reference, import_gliner, texts

import_gliner()

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint  # noqa: E402
from tests.parity.ours import Ours  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)
SHORT = sorted(texts(), key=len)[:20]


@pytest.mark.parametrize("name", RECIPES)
def test_a_converted_checkpoint_gives_the_package_the_same_results(
    upstream_checkpoint: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    original = upstream_checkpoint(name)
    write_checkpoint(read_checkpoint(original), tmp_path)
    before, after = Reference(original), Reference(tmp_path)
    for text in SHORT:
        assert after.input_ids(text) == before.input_ids(text)
        np.testing.assert_array_equal(after.logits(text), before.logits(text))
        assert after.entities(text, threshold=0.1) == before.entities(text, threshold=0.1)


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_the_package_finds_the_same_with_a_checkpoint_of_ours(
    request: pytest.FixtureRequest, kind: str
) -> None:
    folder: Path = request.getfixturevalue(kind)
    reference, ours = Reference(folder, torch.float64), Ours(folder, torch.float64)
    found = ours.entities(SHORT, batched=True, threshold=0.05)
    assert any(found)
    for text, mine in zip(SHORT, found, strict=True):
        theirs = reference.entities(text, threshold=0.05)
        assert [entity[:3] for entity in mine] == [entity[:3] for entity in theirs]
        assert [e[3] for e in mine] == pytest.approx([e[3] for e in theirs], abs=1e-4)
