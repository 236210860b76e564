"""The few spans of which a logit is above what counts, picked out of all."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class SelectedSpans(NamedTuple):
    """Spans in ascending order of row, start and width.

    indices (Tensor): Row, first word, and width less 1. # (N, 3)
    logits (Tensor): Of all labels. # (N, C)
    """

    indices: Tensor
    logits: Tensor

    @classmethod
    def join(cls, parts: Sequence["SelectedSpans"]) -> "SelectedSpans":
        """The spans of several parts as one."""
        return cls(*map(torch.cat, zip(*parts, strict=True)))


def select_spans(logits: Tensor, min_logits: Tensor) -> SelectedSpans:
    """The spans of which a logit is above the least of its label, or not a number.

    logits (Tensor): # (B, W, K, C)
    min_logits (Tensor): Of each row, or shared. # (B, C) or (1, C)
    """
    passing = (logits <= min_logits[:, None, None]).all(dim=-1).logical_not()  # (B, W, K)
    return SelectedSpans(passing.nonzero(), logits[passing])
