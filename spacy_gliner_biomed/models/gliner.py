"""The registered architectures: thinc models from rows to logits."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from thinc.api import Model

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import Checkpoint, load_checkpoint
from spacy_gliner_biomed.models.fresh import new_checkpoint
from spacy_gliner_biomed.models.layout_marks import load_with_layout
from spacy_gliner_biomed.models.relation_layers import load_with_relations
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.types import FloatArray, Row

# From rows to the logits of each row: (W, K, C) for spans, or (W, C, 3) for tokens.
GlinerModel = Model[Sequence[Row], list[FloatArray]]


def GLiNER_v1(
    checkpoint: str = "packaged",
    revision: str | None = None,
    layout: bool = False,
    relations_layer: str | None = None,
) -> GlinerModel:
    """Return the GLiNER network of a checkpoint. Its config selects the type of the network.

    Registered as `spacy-gliner-biomed.GLiNER.v1`. The checkpoint is loaded, and if necessary
    downloaded, when the component is initialized, processes its first Doc, or is saved.

    checkpoint (str): "packaged", a folder, or a Hugging Face repository name.
    revision (str | None): Commit, branch or tag of the repository.
    layout (bool): Add layout marks (see `tokenization.layout`) to a checkpoint without them. The
        network must then be trained. A checkpoint with layout marks keeps them in any case.
    relations_layer (str | None): Add relations to a checkpoint without them: "none" for relations
        between all pairs of entities, or a layer that chooses pairs (see `nn.relations`). The
        network must then be trained. A checkpoint with relations keeps its own layer.
    RETURNS (GlinerModel): A model from rows to the logits of each row: (W, K, C) for spans, or
        (W, C, 3) for start, end and inside in a token model.
    """
    load = partial(load_checkpoint, checkpoint, revision)
    if relations_layer is not None:
        load = partial(load_with_relations, load, relations_layer, 0)
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
    relations_layer: str | None = None,
) -> GlinerModel:
    """Return a new, untrained uni-encoder span network on a pretrained encoder.

    Registered as `spacy-gliner-biomed.NewGLiNER.v1`. For the arguments, see
    `models.fresh.new_checkpoint`; for `layout` and `relations_layer`, see `GLiNER_v1`.
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
    if relations_layer is not None:
        make = partial(load_with_relations, make, relations_layer, seed)
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
    if rows and not isinstance(rows[0], Row):
        raise ValueError(Errors.E417.format(found=type(rows[0]).__name__))
    shim = network_shim(model)
    if not is_train:
        return shim.logits(rows), lambda gradients: []
    logits, backprop = shim.begin_update(rows, model.attrs["dropout_rate"])
    return logits, lambda gradients: backprop(gradients) or []
