"""Linear layers that use the fastest matrix product of the CPU when no gradient is needed."""

import platform
from collections.abc import Callable
from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.derived import DerivedWeights
from spacy_gliner_biomed.nn.finite import cast_weight
from spacy_gliner_biomed.nn.precision import X86

HALVES = (torch.bfloat16, torch.float16)
ROW_MULTIPLE = 16

Activation = Literal["none", "relu", "gelu"]
ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "none": lambda y: y,
    "relu": F.relu,
    "gelu": F.gelu,
}


class Linear(nn.Linear):
    """`nn.Linear` with an optional activation. Names of weights and results are the same."""

    def __init__(self, width_in: int, width_out: int, bias: bool = True) -> None:
        super().__init__(width_in, width_out, bias)
        self.derived = DerivedWeights()

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """Apply the layer and an activation. # (.., width_in) -> (.., width_out)"""
        if not in_inference(x):
            return ACTIVATIONS[activation](super().forward(x))
        dtype, weight, bias = compute_dtype(x), self.weight, self.bias
        if dtype in HALVES:
            # Autocast would cast the weights again for each batch.
            weights = [weight] if bias is None else [weight, bias]
            weight, bias = self.derived.get(weights, dtype, lambda: prepare(weight, bias, dtype))
        return product(x.to(dtype), weight, bias, activation)


def in_inference(x: Tensor) -> bool:
    """Return whether short cuts for inference on a CPU may be taken."""
    return x.device.type == "cpu" and not torch.is_grad_enabled()


def compute_dtype(x: Tensor) -> torch.dtype:
    """Return the type that a matrix product of x is computed in: autocast's, if it is on."""
    kind = x.device.type
    if x.dtype == torch.float32 and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return x.dtype


def product(
    x: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation = "none"
) -> Tensor:
    """Apply `F.linear` and an activation, in inference on a CPU.

    x (Tensor): # (.., width_in)
    weight (Tensor): Of x's type, or from `prepare` for this type. # (width_out, width_in)
    bias (Tensor | None): # (width_out,)
    activation (Activation): Applied to the result.
    RETURNS (Tensor): # (.., width_out)
    """
    fused = onednn(x.dtype)
    # Of a strided weight, oneDNN's product takes a thousand times as long.
    if fused is None or not (weight.is_mkldnn or weight.is_contiguous()):
        return ACTIVATIONS[activation](F.linear(x, weight, bias))
    # oneDNN uses AVX-512 where MKL does not: 245 instead of 110 GFLOP/s a core in fp32 on EPYC,
    # 1.7 times the speed of whole pipelines (benchmarks/speed/levers.py).
    # An activation inside the product saves a pass over the widest tensor.
    return fused(x, weight, bias, activation, [], "none")


def prepare(
    weight: Tensor, bias: Tensor | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    """Bring a weight into the form that `product` takes fastest.

    weight (Tensor): # (width_out, width_in)
    bias (Tensor | None): # (width_out,)
    dtype (torch.dtype): The type of the product.
    RETURNS (tuple[Tensor, Tensor | None]): Weight and bias for `product`.
    RAISES (ValueError): If a number is too large for the type.
    """
    weight = cast_weight(weight, dtype, f"A weight of {tuple(weight.shape)}").contiguous()
    if onednn(dtype) is not None:
        weight = torch.ops.mkldnn._reorder_linear_weight(weight)  # the order that oneDNN reads
    return weight, None if bias is None else bias.to(dtype)


def round_up_rows(count: int, finest: int = 6) -> int:
    """Round up the number of rows of a product: multiples of 16, coarser from 1,024 on.

    oneDNN prepares a product for each number of rows, which takes 1 to 3 ms for a forward pass, and
    keeps 1,024 products of a quarter of a megabyte. These 64 and then 32 numbers an octave are few
    enough to be prepared once, and add 1 % on average. And since large blocks of memory are
    requested in the same sizes, the batches of a long text leave no holes of all sizes in it.

    count (int): The rows that are needed.
    finest (int): The base-2 logarithm of the numbers an octave, plus one.
    RETURNS (int): The rows to compute.
    """
    step: int = max(ROW_MULTIPLE, 2 ** (count.bit_length() - finest))
    return -(-count // step) * step


@cache
def onednn(dtype: torch.dtype) -> Callable[..., Tensor] | None:
    """Return oneDNN's Linear, which torch has for its compiler; None if it does not work here.

    It has no public name, so it is tried before it is used.
    """
    if dtype not in (torch.float32, torch.bfloat16) or platform.machine() not in X86:
        return None
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return None
        fused: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise.default
        with torch.inference_mode():
            x, weight, bias = torch.ones(3, 4), torch.eye(4)[:2], torch.ones(2)
            x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
            packed = torch.ops.mkldnn._reorder_linear_weight(weight)
            right = [
                torch.allclose(fused(x, w, bias, name, [], "none"), expected, rtol=0.01)
                for name, activate in ACTIVATIONS.items()
                for expected in [activate(F.linear(x, weight, bias))]
                for w in (weight, packed)
            ]
    except Exception:  # another version of torch may have it in another form
        return None
    return fused if all(right) else None
