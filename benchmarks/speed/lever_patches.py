"""The optimizations of the package, and for each one what switches it off.

The package has no switches for them. Each is replaced here by its simple form, by the name of the
internal that implements it. If such a name is gone, `check_levers` says which one.
"""

import ctypes
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn import linear, marker_v0
from spacy_gliner_biomed.nn.encoders import attention, packing

Patch = AbstractContextManager[Any]
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
ALL = "all of them"


def find_internal(name: str) -> tuple[Any, str]:
    """Find an internal of the package.

    name (str): Module and attribute, as in "nn.linear:product" or "nn.derived:DerivedWeights.get".
    RETURNS (tuple[Any, str]): The module or class that holds it, and the attribute's name.
    RAISES (LookupError): If the name is gone.
    """
    module, _, path = name.partition(":")
    *holders, attribute = path.split(".")
    try:
        holder = pkgutil.resolve_name(f"spacy_gliner_biomed.{module}")
        for each in holders:
            holder = getattr(holder, each)
        getattr(holder, attribute)
    except (ImportError, AttributeError) as error:
        raise LookupError(
            f"benchmarks/speed/lever_patches.py replaces spacy_gliner_biomed.{name}, which does "
            "not exist. Name what took its place, or remove the lever."
        ) from error
    return holder, attribute


def original(name: str) -> Any:
    """Return an internal of the package, which a replacement calls."""
    return getattr(*find_internal(name))


def replaced(name: str, value: Any) -> Callable[[], Patch]:
    """Return a function that makes the patch of an internal.

    name (str): See `find_internal`.
    value (Any): What takes its place.
    RETURNS (Callable[[], Patch]): Makes a context manager; `.internal` is the name.
    """

    def make() -> Patch:
        return patch.object(*find_internal(name), value)

    make.internal = name  # type: ignore[attr-defined]
    return make


product = original("nn.linear:product")
relative_positions = original("nn.encoders.deberta:Deberta.relative_positions")
score_spans = original("nn.marker_v0:MarkerV0.forward")
cached_labels = original("models.runner:NetworkRunner._cached_labels")
get_derived = original("nn.derived:DerivedWeights.get")


def padded(mask: Tensor, step: int = 1) -> packing.Packing:
    """Keep the padding of rows, as on a GPU."""
    n_rows, size = mask.shape
    index = torch.arange(n_rows * size)
    run = packing.Run(n_rows, size, mask.bool()[:, None, None])
    return packing.Packing((n_rows, size), [run], index, index[::size], len(index))


def separate_activation(x: Tensor, weight: Tensor, bias: Any, activation: Any = "none") -> Tensor:
    """Apply the activation as an operation of its own."""
    return linear.ACTIVATIONS[activation](product(x, weight, bias))


def project_again(self: Any, *arguments: Any) -> Any:
    """Project relative positions for each batch."""
    self.derived.last = None
    return relative_positions(self, *arguments)


def gather(scores: Tensor) -> Tensor:
    """Shear scores by an index instead of a view."""
    n_lines, size = scores.shape[-2:]
    index = torch.arange(size - n_lines) - torch.arange(n_lines)[:, None] + n_lines - 1
    return scores.gather(-1, index.expand(*scores.shape[:-2], -1, -1))


def cast_again(self: Any, weights: Sequence[Tensor], what: Any, make: Callable[[], Any]) -> Any:
    """Cast weights to 16 bits for each batch; relative positions derive from more weights."""
    return make() if len(weights) <= 2 else get_derived(self, weights, what, make)


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, *, bias: Tensor | None, scale: float, dropout: float
) -> Tensor:
    """Use torch's fused kernel in all precisions."""
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)


def fused_runs(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    runs: Sequence[packing.Run],
    *,
    n_heads: int,
    scale: float,
) -> Tensor:
    """Use torch's fused kernel for packed rows in 16 bits, as in 32."""
    sizes = [run.size for run in runs]
    parts = zip(runs, *(part.split(sizes) for part in (query, key, value)), strict=True)
    contexts = [
        fused_attention(
            *(attention.split_heads(part, run.rows, n_heads) for part in of_run),
            bias=None,
            scale=scale,
            dropout=0.0,
        )
        for run, *of_run in parts
    ]
    return torch.cat([attention.join_heads(context) for context in contexts]).flatten(1)


def shifted_softmax(scores: Tensor, *, base_2: bool = False) -> tuple[Tensor, Tensor]:
    """Use torch's softmax, which finds the largest scores first."""
    scores = scores / attention.LOG2_OF_E if base_2 else scores
    return scores.softmax(dim=-1), torch.ones_like(scores[..., :1])


def score_by_width(*arguments: Any) -> Tensor:
    """Score spans width by width over all words at once, as in training."""
    with patch.object(marker_v0, "in_inference", lambda x: False):
        return score_spans(*arguments)


def encode_again(self: Any, prompts: Sequence[str]) -> Tensor:
    """Compute a bi-encoder's label vectors for each batch."""
    self.label_vectors.clear()
    return cached_labels(self, prompts)


def in_order(lengths: Sequence[int], max_subtokens: int) -> list[list[int]]:
    """Make batches of rows in their order."""
    batches: list[list[int]] = []
    for i, length in enumerate(lengths):
        batch = batches[-1] if batches else []
        longest = max([length, *(lengths[j] for j in batch)])
        if batch and (len(batch) + 1) * longest <= max_subtokens:
            batch.append(i)
        else:
            batches.append([i])
    return batches


@contextmanager
def fresh_blocks() -> Iterator[None]:
    """Let malloc return large blocks to the kernel, which is glibc's default."""
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    mallopt(M_MMAP_THRESHOLD, 2**17)
    mallopt(M_TRIM_THRESHOLD, 2**17)
    try:
        yield
    finally:
        mallopt(M_MMAP_THRESHOLD, 2**25)
        mallopt(M_TRIM_THRESHOLD, 2**26)


def never(*_: Any) -> bool:
    """Decide against an optimization, whatever the sizes."""
    return False


LEVERS: dict[str, list[Callable[[], Patch]]] = {
    ALL: [],
    "no padding": [replaced("nn.encoders.packing:Packing.of", padded)],
    "rows sorted by length": [replaced("pipeline.prediction:length_batches", in_order)],
    "oneDNN's products": [replaced("nn.linear:onednn", lambda dtype: None)],
    "activations inside products": [replaced("nn.linear:product", separate_activation)],
    "few numbers of rows": [
        replaced("nn.encoders.packing:round_up_rows", int),
        replaced("nn.span_sums:round_up_rows", int),
        replaced("nn.span_sums:WORD_MULTIPLE", 1),
    ],
    "large blocks reused": [fresh_blocks],
    "weights of 16 bits kept": [replaced("nn.derived:DerivedWeights.get", cast_again)],
    "plain attention in 16 bits": [
        replaced("nn.encoders.bert:attend_in_16_bits", fused_runs),
        replaced("nn.encoders.disentangled:weigh", fused_attention),
    ],
    "softmax without the largest score": [
        replaced("nn.encoders.attention:softmax_parts", shifted_softmax),
        replaced("nn.encoders.disentangled:softmax_parts", shifted_softmax),
    ],
    "relative positions projected once": [
        replaced("nn.encoders.deberta:Deberta.relative_positions", project_again)
    ],
    "sheared view": [
        replaced("nn.encoders.positions:shear", gather),
        replaced("nn.encoders.disentangled:shear", gather),
    ],
    "attention head by head": [replaced("nn.encoders.disentangled:BY_HEAD", 10**9)],
    "spans in blocks": [replaced("nn.marker_v0:MarkerV0.forward", score_by_width)],
    "last span layer folded into labels": [replaced("nn.marker_v0:_folding_pays", never)],
    "many labels screened": [replaced("nn.marker_v0:screening_pays", never)],
    "label vectors cached": [replaced("models.runner:NetworkRunner._cached_labels", encode_again)],
}
IN_16_BITS = (
    "weights of 16 bits kept",
    "plain attention in 16 bits",
    "softmax without the largest score",
)
OF_DEBERTA = ("relative positions projected once", "sheared view", "attention head by head")
OF_BI_ENCODERS = ("label vectors cached", "many labels screened")


def levers_of(config: Any, precision: str) -> list[str]:
    """Return the optimizations that have an effect on a network.

    config (Any): The network's configuration.
    precision (str): "float32" or "bfloat16".
    RETURNS (list[str]): Keys of `LEVERS`.
    """
    idle = ["many labels screened"] if precision == "bfloat16" else [*IN_16_BITS]
    idle += [] if config.encoder_config["model_type"] == "deberta-v2" else OF_DEBERTA
    idle += [] if config.bi_encoder else OF_BI_ENCODERS
    return [name for name in LEVERS if name not in idle]


def check_levers() -> list[str]:
    """Check that all internals exist that the levers replace.

    RETURNS (list[str]): Their names.
    RAISES (LookupError): If one is gone.
    """
    patches = (make for makes in LEVERS.values() for make in makes)
    names = [make.internal for make in patches if hasattr(make, "internal")]
    for name in names:
        find_internal(name)
    return names
