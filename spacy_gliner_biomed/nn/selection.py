"""Select the spans whose logit exceeds the minimum."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class SelectedSpans(NamedTuple):
    """Spans in ascending order of row, start and width.

    indices (Tensor): Row, first word, and width less 1. # (N, 3)
    logits (Tensor): The span's logits for all labels. # (N, C)
    token_logits (Tensor | None): Of a token model, the smallest logit of the span's start, end and
        insides; minus infinity for labels that did not find it. None for a span model. # (N, C)
    """

    indices: Tensor
    logits: Tensor
    token_logits: Tensor | None = None

    @classmethod
    def join(cls, parts: Sequence["SelectedSpans"]) -> "SelectedSpans":
        """Concatenate the spans of several parts of a span model."""
        indices, logits, _ = zip(*parts, strict=True)
        return cls(torch.cat(indices), torch.cat(logits))


def select_spans(logits: Tensor, min_logits: Tensor) -> SelectedSpans:
    """Select the spans with a logit that is NaN or above its label's minimum.

    logits (Tensor): # (B, W, K, C)
    min_logits (Tensor): For each row, or shared. # (B, C) or (1, C)
    RETURNS (SelectedSpans): The spans.
    """
    passing = (logits <= min_logits[:, None, None]).all(dim=-1).logical_not()  # (B, W, K)
    return SelectedSpans(passing.nonzero(), logits[passing])
