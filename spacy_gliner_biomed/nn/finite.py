"""Check weights and vectors for NaN and infinity.

On a CPU, a ReLU that is fused into a matrix product turns NaN into 0. A NaN among the weights would
therefore give documents without entities instead of an error.
"""

import math

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors


def is_finite(tensor: Tensor) -> bool:
    """Return whether all elements of a tensor are finite.

    Only the smallest and the largest element are checked; both are NaN if any element is. On a CPU,
    this takes a twentieth of the time of `torch.isfinite`.
    """
    if not tensor.numel() or not tensor.is_floating_point():
        return True
    return all(math.isfinite(extreme) for extreme in tensor.detach().aminmax())


def check_weights(network: nn.Module, where: str) -> None:
    """Check all weights and buffers of a network.

    network (nn.Module): Any network.
    where (str): A name for the weights, as the subject of the message.
    RAISES (ValueError): If a weight is not finite; the message names the tensors.
    """
    damaged = [name for name, tensor in network.state_dict().items() if not is_finite(tensor)]
    if damaged:
        raise ValueError(Errors.E130.format(where=where, names=list_names(damaged)))


def cast_weight(weight: Tensor, dtype: torch.dtype, name: str) -> Tensor:
    """Cast a weight to another type.

    weight (Tensor): The weight.
    dtype (torch.dtype): The type.
    name (str): The weight's name, for the message.
    RETURNS (Tensor): The cast weight.
    RAISES (ValueError): If an element is too large for the type; float16 ends below 65,520.
    """
    cast = weight.to(dtype)
    if cast is not weight and not is_finite(cast):
        raise ValueError(Errors.E136.format(dtype=dtype, name=name))
    return cast


def check_vectors(vectors: Tensor, what: str) -> Tensor:
    """Check vectors that a network computed.

    vectors (Tensor): Any vectors.
    what (str): Whose vectors they are, for the message.
    RETURNS (Tensor): The same vectors.
    RAISES (ValueError): If one is not finite.
    """
    if not is_finite(vectors):
        raise ValueError(Errors.E131.format(what=what))
    return vectors
