"""The registered architecture: a thinc model from rows to logits."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from thinc.api import Model

from spacy_gliner_biomed.models.checkpoints import Checkpoint, load_checkpoint
from spacy_gliner_biomed.models.fresh import new_checkpoint
from spacy_gliner_biomed.models.layout_marks import load_with_layout
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.types import FloatArray, Row

# From rows to all logits of each: (W, K, C) of spans, or (W, C, 3) of tokens.
GlinerModel = Model[Sequence[Row], list[FloatArray]]


def GLiNER_v1(
    checkpoint: str = "packaged", revision: str | None = None, layout: bool = False
) -> GlinerModel:
    """Return a GLiNER network of a checkpoint, whose class follows from the checkpoint's config.

    Registered as `spacy-gliner-biomed.GLiNER.v1`. Nothing is loaded, let alone downloaded,
    until the component is initialized, sees its first Doc, or is saved.

    checkpoint (str): "packaged", a folder, or a Hugging Face repository name.
    revision (str | None): Commit, branch or tag of the repository.
    layout (bool): Give the network layout marks (see `tokenization.layout`), to be trained with
        them. A checkpoint that has them keeps them.
    RETURNS (GlinerModel): From rows to the logits of each: (W, K, C) of spans, or (W, C, 3) as
        start, end and inside of a token model.
    """
    load = partial(load_checkpoint, checkpoint, revision)
    return _model(partial(load_with_layout, load) if layout else load)


def NewGLiNER_v1(
    encoder: str,
    encoder_name: str | None = None,
    hidden_size: int | None = None,
    max_width: int = 12,
    max_len: int = 256,
    num_rnn_layers: int = 1,
    words: str = "fine",
    layout: bool = False,
    seed: int = 0,
) -> GlinerModel:
    """Return a new uni-encoder span network on a pretrained encoder, to be trained.

    Registered as `spacy-gliner-biomed.NewGLiNER.v1`; arguments as `models.fresh.new_checkpoint`,
    and `layout` as `GLiNER_v1`.
    """
    make = partial(
        new_checkpoint,
        encoder,
        encoder_name=encoder_name,
        hidden_size=hidden_size,
        max_width=max_width,
        max_len=max_len,
        num_rnn_layers=num_rnn_layers,
        words=words,
        seed=seed,
    )
    return _model(partial(load_with_layout, make) if layout else make)


def network_shim(model: GlinerModel) -> NetworkShim:
    """Return the shim that holds the network of a model."""
    shim = model.shims[0]
    assert isinstance(shim, NetworkShim)
    return shim


def _model(load: Callable[[], Checkpoint]) -> GlinerModel:
    return Model("gliner", _forward, attrs={"dropout_rate": 0.0}, shims=[NetworkShim(load)])


def _forward(
    model: GlinerModel, rows: Sequence[Row], is_train: bool
) -> tuple[list[FloatArray], Callable[[Any], Any]]:
    shim = network_shim(model)
    if not is_train:
        return shim.logits(rows), lambda gradients: []
    logits, backprop = shim.begin_update(rows, model.attrs["dropout_rate"])
    return logits, lambda gradients: backprop(gradients) or []
