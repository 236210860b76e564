"""One training step: the GLiNER package's loss and gradients, from the factorised network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.nn.checkpoint_tensors import published_name
from spacy_gliner_biomed.tokenization.prompts import bare_prompt, encode_prompts, stored_prompt
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.training.joint_loss import JointLoss
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.span_samples import SpanSampler
from spacy_gliner_biomed.training.training_rows import RowMaker, TrainingRow
from tests.parity.recipes import KINDS
from tests.parity.upstream import LABELS, Reference, import_gliner, texts

import_gliner()

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)

SETTINGS = {"alpha": 0.75, "gamma": 2.0, "prob_margin": 0.05, "label_smoothing": 0.0}


def training_row(shim: NetworkShim, text: str) -> TrainingRow:
    """The text with all labels, in order; its first and third words are entities."""
    config, subtokens = shim.checkpoint.config, shim.checkpoint.subtokens
    sep_id = subtokens.token_id(config.sep_token)

    def encode(prompts: list[str], relations: list[str]):  # type: ignore[no-untyped-def]
        if config.bi_encoder:
            return bare_prompt(prompts)
        if config.precomputed_labels:
            return stored_prompt(prompts, config.precomputed_labels, sep_id)
        markers = {"ent_id": config.class_token_index, "sep_id": sep_id}
        return encode_prompts(
            prompts,
            subtokens,
            **markers,
            ent_token=config.ent_token,
            after_marker=not config.embed_ent_token,
        )[0]

    words = split_words(text, config.words_splitter_type)
    spans = [(int(words.starts[i]), int(words.ends[i]), LABELS[i]) for i in (0, 2)]
    make = RowMaker(
        subtokens=subtokens,
        encode_prompt=encode,
        sampler=lambda positives, annotated: [(label, label) for label in LABELS],
        splitter=config.words_splitter_type,
        max_width=config.max_width,
        tokens=config.token_level,
        spans_again=SpanSampler(config.max_width, 0) if config.represent_spans else None,
        max_words=400,
        max_subtokens=10_000,
    )
    (row,) = make(text, Gold(spans, None), LABELS)
    return row


def gold_spans(targets: torch.Tensor) -> dict[str, torch.Tensor]:
    """The spans of which targets are known, as the package takes them. # (W, C, K)"""
    starts, widths = (~targets.isnan()).all(dim=1).nonzero(as_tuple=True)
    spans = torch.stack([starts, starts + widths], dim=1)[None]
    known = targets[starts, :, widths][None]  # (1, N, C)
    return {"span_idx": spans, "span_labels": known, "span_mask": torch.ones(spans.shape[:2])}


@pytest.mark.parametrize("name", ["bert", "deberta", "marker", "token", "bi_encoder", *KINDS])
def test_loss_and_gradients_equal(name: str, upstream_checkpoint: Callable[[str], Path]) -> None:
    folder = upstream_checkpoint(name)
    text = next(text for text in texts() if 20 < len(text.split()) < 60)
    shim = NetworkShim(lambda: load_checkpoint(str(folder)))
    shim.checkpoint.network.double()
    row = training_row(shim, text)
    logits, backprop = shim.begin_update([row.row], 0.0)
    settings = dict(SETTINGS)
    if shim.checkpoint.config.kind == "bi_span":
        # Upstream hands the label smoothing to its bi-encoder's loss as the margin
        # (gliner/modeling/base.py, `BiEncoderSpanModel.loss`), so none of both is compared.
        settings["prob_margin"] = 0.0
    focal = FocalLoss(**settings)
    loss, gradient = JointLoss(focal, focal, shim.checkpoint.config)(logits[0], row)
    backprop([gradient])

    reference = Reference(folder, torch.float64)
    batch, *_ = reference.forward(text)
    model = reference.model.model.eval()
    targets = torch.from_numpy(row.targets).double()
    if reference.represents_spans:
        batch = {**batch, **gold_spans(targets[..., 3:])}
        targets = targets[..., :3]
    targets = targets[None] if reference.is_token else targets.reshape(1, -1, len(LABELS))
    with torch.enable_grad():
        output = model(**batch, labels=targets, **settings, reduction="sum")
        output.loss.backward()
    assert loss == pytest.approx(output.loss.item(), rel=1e-4)
    theirs = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
    compared = 0
    for key, parameter in shim.checkpoint.network.named_parameters():
        if parameter.grad is not None:
            expected = theirs[published_name(key)].numpy()
            scale = max(np.abs(expected).max(), 1e-3)
            np.testing.assert_allclose(parameter.grad.numpy() / scale, expected / scale, atol=1e-4)
            compared += 1
    assert compared > 20
