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
    """`nn.Linear` with an optional activation, and with the same weight names and results."""

    def __init__(self, width_in: int, width_out: int, bias: bool = True) -> None:
        super().__init__(width_in, width_out, bias)
        self.derived = DerivedWeights()

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """Apply the layer and an activation. # (.., width_in) -> (.., width_out)"""
        if not in_inference(x):
            return ACTIVATIONS[activation](super().forward(x))
        dtype, weight, bias = compute_dtype(x), self.weight, self.bias
        if dtype in HALVES:
            # Cached, because autocast would cast the weights again for each batch.
            weights = [weight] if bias is None else [weight, bias]
            weight, bias = self.derived.get(weights, dtype, lambda: prepare(weight, bias, dtype))
        return product(x.to(dtype), weight, bias, activation)


def in_inference(x: Tensor) -> bool:
    """Return whether the shortcuts for inference on a CPU apply."""
    return x.device.type == "cpu" and not torch.is_grad_enabled()


def compute_dtype(x: Tensor) -> torch.dtype:
    """Return the type in which matrix products of x are computed: autocast's, if it is on."""
    kind = x.device.type
    if x.dtype == torch.float32 and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return x.dtype


def product(
    x: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation = "none"
) -> Tensor:
    """Apply `F.linear` and an activation, in inference on a CPU.

    x (Tensor): # (.., width_in)
    weight (Tensor): In x's type, or prepared for it by `prepare`. # (width_out, width_in)
    bias (Tensor | None): # (width_out,)
    activation (Activation): Applied to the result.
    RETURNS (Tensor): # (.., width_out)
    """
    fused = onednn(x.dtype)
    # With a strided weight, oneDNN's product takes a thousand times as long.
    if fused is None or not (weight.is_mkldnn or weight.is_contiguous()):
        return ACTIVATIONS[activation](F.linear(x, weight, bias))
    # oneDNN uses AVX-512 where MKL does not: 245 instead of 110 GFLOP/s per core in float32 on
    # EPYC, which makes whole pipelines 1.7 times as fast (benchmarks/speed/levers.py).
    # Fusing the activation saves a pass over the widest tensor.
    return fused(x, weight, bias, activation, [], "none")


def prepare(
    weight: Tensor, bias: Tensor | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    """Convert a weight to the form for which `product` is fastest.

    weight (Tensor): # (width_out, width_in)
    bias (Tensor | None): # (width_out,)
    dtype (torch.dtype): The type of the product.
    RETURNS (tuple[Tensor, Tensor | None]): Weight and bias for `product`.
    RAISES (ValueError): If an element is too large for the type.
    """
    weight = cast_weight(weight, dtype, f"A weight of {tuple(weight.shape)}").contiguous()
    if onednn(dtype) is not None:
        weight = torch.ops.mkldnn._reorder_linear_weight(weight)  # the layout that oneDNN uses
    return weight, None if bias is None else bias.to(dtype)


def round_up_rows(count: int, finest: int = 6) -> int:
    """Round the number of rows of a product up to a multiple of 16, or more from 1,024 rows on.

    oneDNN compiles a kernel for each number of rows, which takes 1 to 3 ms per forward pass, and
    caches 1,024 kernels of a quarter of a megabyte. With 64 sizes up to 1,024 rows and 32 sizes per
    doubling after that, each kernel is compiled once; the additional rows cost 1 % on average.
    Memory does not fragment either, because blocks are requested in few sizes.

    count (int): The number of rows that are needed.
    finest (int): One more than the base-2 logarithm of the number of sizes per doubling.
    RETURNS (int): The number of rows to compute.
    """
    step: int = max(ROW_MULTIPLE, 2 ** (count.bit_length() - finest))
    return -(-count // step) * step


@cache
def onednn(dtype: torch.dtype) -> Callable[..., Tensor] | None:
    """Return oneDNN's linear operator of torch's compiler, or None if it does not work here.

    The operator is not part of torch's public API, so its results are checked first.
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
    except Exception:  # its signature may differ in another version of torch
        return None
    return fused if all(right) else None
