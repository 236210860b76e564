"""The registered architecture: a thinc model from rows to logits."""

from collections.abc import Callable, Sequence
from typing import Any

from thinc.api import Model

from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.types import FloatArray, Row

GlinerModel = Model[Sequence[Row], list[FloatArray]]


def GLiNER_v1(checkpoint: str = "packaged", revision: str | None = None) -> GlinerModel:
    """A GLiNER network of a checkpoint, whose class follows from the checkpoint's config.

    Registered as `spacy-gliner-biomed.GLiNER.v1`. Nothing is loaded, let alone downloaded,
    until the component is initialized, sees its first Doc, or is saved.

    checkpoint (str): "packaged", a folder, or a Hugging Face repository name.
    revision (str | None): Commit, branch or tag of the repository.
    RETURNS (Model[Sequence[Row], list[FloatArray]]): Logits of each row: (W, K, C) of spans,
        or (W, C, 3) as start, end and inside of a token model.
    """
    return Model("gliner", _forward, shims=[NetworkShim(checkpoint, revision)])


def network_shim(model: GlinerModel) -> NetworkShim:
    """The shim that holds the network of a model."""
    shim = model.shims[0]
    assert isinstance(shim, NetworkShim)
    return shim


def _forward(
    model: GlinerModel, rows: Sequence[Row], is_train: bool
) -> tuple[list[FloatArray], Callable[[Any], Any]]:
    logits: list[FloatArray] = network_shim(model)(rows, is_train)
    return logits, lambda d_logits: []
