"""Encoders with peculiarities: the same logits as the GLiNER package, there and back."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from tests.parity.upstream import Recipe, Reference, import_gliner, make_checkpoint, texts

import_gliner()

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint  # noqa: E402
from tests.parity.ours import Ours  # noqa: E402

SHORT = sorted(texts(), key=len)[5:20]


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickle"])
@pytest.mark.parametrize("encoder", ["roberta", "t5"])
def test_ids_and_logits_are_equal(tmp_path: Path, encoder: str, safe: bool) -> None:
    folder = make_checkpoint(Recipe(encoder, safe=safe), tmp_path)
    reference = Reference(folder)
    found = Ours(folder).logits(SHORT, batched=True)
    write_checkpoint(read_checkpoint(folder), tmp_path / "written")
    again = Reference(tmp_path / "written")
    for text in SHORT:
        ids, logits = reference.input_ids(text), reference.logits(text)
        ours = found[tuple(ids)]
        valid = np.isfinite(ours)
        np.testing.assert_allclose(ours[valid], logits[valid], rtol=1e-5, atol=1e-5)
        assert again.input_ids(text) == ids
        np.testing.assert_array_equal(again.logits(text), logits)


def test_the_package_too_leaves_out_a_second_name_of_tied_weights(tmp_path: Path) -> None:
    """So that reading it with all names in place is worth its lines."""
    folder = make_checkpoint(Recipe("t5"), tmp_path)
    names = [name for name in load_file(folder / "model.safetensors") if "embed_tok" in name]
    names += [name for name in load_file(folder / "model.safetensors") if "shared" in name]
    assert len(names) == 1
