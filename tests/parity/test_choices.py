"""Where versions of the GLiNER package differ from each other, what this package does."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.parity.upstream import (
    LABELS,
    Reference,
    edit_config,
    import_gliner,
    probabilities,
    texts,
)

import_gliner()

from spacy_gliner_biomed.nn.checkpoint_tensors import read_tensors  # noqa: E402
from tests.parity.ours import Ours  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)
TEXT = "Fever and renal tumor cell liver dose after aspirin-x1 in 3 patients."


def test_a_word_without_subtokens_leaves_a_hole(
    upstream_checkpoint: Callable[[str], Path],
) -> None:
    """GLiNER 0.2.17 did so; 0.2.29 gives each later word the vector of the word before it."""
    folder = upstream_checkpoint("bert")
    text = "aspirin \x7f fever dose"
    reference = Reference(folder)
    batch, shifted, _ = reference.forward(text)
    mask = batch["words_mask"]
    assert mask.max() == 3  # of four words
    mask[mask >= 2] += 1
    expected = reference.model.run_batch(batch).logits[0].numpy()
    assert np.abs(expected - shifted.logits[0].numpy()).max() > 0.1
    (found,) = Ours(folder).logits([text], batched=False).values()
    valid = np.isfinite(found)
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_rnn_layers": None, "has_rnn": False},
        {"num_rnn_layers": 1},
        {"num_rnn_layers": None},
    ],
    ids=["has_rnn_false", "only_in_config", "by_default"],
)
def test_without_lstm_weights_there_is_no_lstm(
    upstream_checkpoint: Callable[[str], Path], tmp_path: Path, changes: dict[str, object]
) -> None:
    """GLiNER before 0.2.23 wrote `has_rnn`; later versions build an LSTM of random weights."""
    folder = upstream_checkpoint("modernbert_no_lstm")
    (expected,) = Ours(folder).logits([TEXT], batched=False).values()
    older = Path(shutil.copytree(folder, tmp_path / "older"))
    edit_config(older, changes)
    (found,) = Ours(older).logits([TEXT], batched=False).values()
    np.testing.assert_array_equal(found, expected)


def test_a_bi_encoder_runs_no_lstm(upstream_checkpoint: Callable[[str], Path]) -> None:
    """Its weights are in the file (that results are equal is in `test_generated`)."""
    folder = upstream_checkpoint("bi_encoder")
    assert "rnn.lstm.weight_ih_l0" in read_tensors(folder)
    assert Ours(folder).shim.checkpoint.network.lstm is None


def test_a_score_that_equals_the_threshold_is_no_entity(
    upstream_checkpoint: Callable[[str], Path],
) -> None:
    folder = upstream_checkpoint("legacy")
    reference, ours = Reference(folder), Ours(folder)
    text = texts()[3]
    (entities,) = ours.entities([text], batched=False, threshold=0.01)
    best = max(score for *_, score in entities)
    assert ours.entities([text], batched=False, threshold=best) == [[]]
    below = float(np.nextafter(np.float32(best), np.float32(0)))
    assert len(ours.entities([text], batched=False, threshold=below)[0]) == 1
    best = float(probabilities(torch.tensor(reference.logits(text)).numpy()).max())
    assert reference.entities(text, threshold=best) == []


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("multi_label", [True, False])
def test_ties_go_to_the_earlier_start_the_narrower_span_the_earlier_label(
    upstream_checkpoint: Callable[[str], Path], tmp_path: Path, flat: bool, multi_label: bool
) -> None:
    """As in the package; here all scores are equal."""
    made = Reference(upstream_checkpoint("bert")).model
    with torch.no_grad():
        made.model.prompt_rep_layer[3].weight.zero_()
        made.model.prompt_rep_layer[3].bias.zero_()[0] = 2
    made.save_pretrained(tmp_path, safe_serialization=True)
    expected = Reference(tmp_path).entities(TEXT, flat_ner=flat, multi_label=multi_label)
    (found,) = Ours(tmp_path).entities(
        [TEXT], batched=False, overlap="flat" if flat else "nested", multi_label=multi_label
    )
    assert [entity[:3] for entity in found] == [entity[:3] for entity in expected]
    assert found[0][:3] == (0, 5, LABELS[0])
