"""Checks that numbers are finite, where they arise.

A ReLU fused into a product turns NaN into 0 on a CPU: one NaN among the weights would give
documents without entities instead of scores that are not numbers.
"""

import math

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors


def is_finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor are finite.

    The smallest and the largest number show it, in a twentieth of the time of `torch.isfinite` on a
    CPU; both are NaN if any number is.
    """
    if not tensor.numel() or not tensor.is_floating_point():
        return True
    return all(math.isfinite(extreme) for extreme in tensor.detach().aminmax())


def check_weights(network: nn.Module, where: str) -> None:
    """Check all weights and buffers of a network.

    network (nn.Module): Any network.
    where (str): What the weights are, as the subject of the message.
    RAISES (ValueError): If one is not finite, with the tensors' names.
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
    RAISES (ValueError): If a number is too large for the type, as in float16 from 65,520 on.
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
