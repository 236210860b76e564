"""Dropout for the CPU in a fifth of the time of torch's."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.errors import Errors

BYTE, SHORT = torch.int8, torch.int16  # types of one random number per element
MAX_ROUNDING = 1.05  # largest ratio of the rate and its rounded value


class Dropout(nn.Dropout):
    """`nn.Dropout`, computed by `drop`."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply dropout in training mode. # (..) -> (..)"""
        return drop(x, self.p) if self.training else x


def drop(x: Tensor, rate: float) -> Tensor:
    """Set elements to zero at random, and scale the others up to preserve the mean.

    x (Tensor): # (..)
    rate (float): The share of zeros, from 0 to 1; on a CPU, `draw_keep_mask` rounds it.
    RETURNS (Tensor): # (..)
    RAISES (ValueError): If the rate is not between 0 and 1.
    """
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    keep_mask, scale = draw_keep_mask(x.shape, rate, x)
    return x if keep_mask is None else (x * keep_mask).mul_(scale)


def draw_keep_mask(shape: Sequence[int], rate: float, like: Tensor) -> tuple[Tensor | None, float]:
    """Draw which elements dropout keeps, and return the factor that preserves the mean.

    torch draws one number per element in a single thread, which adds half to the time of a training
    step. Here, one draw of 64 bits decides on eight elements, which rounds the rate to a multiple
    of 1 / 256. If that would change the rate by more than a twentieth, it decides on four elements.

    shape (Sequence[int]): Shape of the mask.
    rate (float): The share of zeros, from 0 to 1.
    like (Tensor): A tensor with the type and the device that the mask should have. Multiplying by
        a mask of the same type takes a seventh of the time of multiplying by booleans.
    RETURNS (tuple[Tensor | None, float]): The mask, 1 for kept elements and 0 for others, or None
        if all are kept; and the factor. # shape
    RAISES (ValueError): If the rate is not between 0 and 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(
            Errors.E030.format(name="dropout", allowed="a rate from 0 to 1", found=rate)
        )
    dtype = (
        BYTE if rate / MAX_ROUNDING <= round(rate * 2**8) / 2**8 <= rate * MAX_ROUNDING else SHORT
    )
    steps = 2 ** (8 * dtype.itemsize)
    dropped = round(rate * steps)
    if not dropped:
        return None, 1.0
    if dropped >= steps:  # the rate rounds to 1
        return torch.zeros(tuple(shape), dtype=like.dtype, device=like.device), 1.0
    numbers = _draw(math.prod(shape), dtype, like.device).view(tuple(shape))
    keep_mask = torch.empty(numbers.shape, dtype=like.dtype, device=like.device)
    return torch.ge(numbers, dropped - steps // 2, out=keep_mask), steps / (steps - dropped)


def _draw(count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Draw integers from the full range of the type, with torch's seed. # (count,)"""
    n_draws = count * dtype.itemsize // 8 + 1
    draws = torch.empty(1 if device.type == "cpu" else n_draws, dtype=torch.int64, device=device)
    draws.random_(-(2**63), None)
    if device.type == "cpu":  # numpy's generator takes half the time of torch's
        raw = np.random.SFC64(draws.numpy().view(np.uint64)).random_raw(n_draws)
        draws = torch.from_numpy(raw.view(np.int64))
    return draws.view(dtype)[:count]
