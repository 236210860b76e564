"""Dropout that costs a CPU a third of torch's."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.errors import Errors

STEPS = 2**16  # of the rate: one number of 16 bits an element


class Dropout(nn.Dropout):
    """`nn.Dropout`, by `drop`."""

    def forward(self, x: Tensor) -> Tensor:
        """# (..) -> (..)"""
        return drop(x, self.p) if self.training else x


def drop(x: Tensor, rate: float) -> Tensor:
    """Zeros at random, and the rest scaled up so that the mean stays.

    x (Tensor): # (..)
    rate (float): The share of zeros, from 0 to 1; on a CPU rounded to 1 / 65,536.
    RETURNS (Tensor): # (..)
    """
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    kept, scale = draw_kept(x.shape, rate, x.device)
    return x if kept is None else (x * kept).mul_(scale)


def draw_kept(
    shape: Sequence[int], rate: float, device: torch.device
) -> tuple[Tensor | None, float]:
    """What dropout keeps, by chance, and the factor that keeps the mean.

    torch draws a number for each element, in one thread, which makes a training step half as long
    again. Here a number of 64 bits, of torch's generator all the same, decides on four elements.

    RETURNS (tuple[Tensor | None, float]): What is kept, None for all, and the factor. # shape
    RAISES (ValueError): For a rate that is none.
    """
    if not 0 <= rate <= 1:
        raise ValueError(
            Errors.E030.format(name="dropout", allowed="a rate from 0 to 1", found=rate)
        )
    dropped = round(rate * STEPS)
    if not dropped:
        return None, 1.0
    if dropped >= STEPS:  # more than 16 bits can say
        return torch.zeros(tuple(shape), dtype=torch.bool, device=device), 1.0
    size = math.prod(shape)
    numbers = torch.empty(-(-size // 4), dtype=torch.int64, device=device).random_(-(2**63), None)
    kept = numbers.view(torch.int16)[:size].view(shape) >= dropped - STEPS // 2
    return kept, STEPS / (STEPS - dropped)
