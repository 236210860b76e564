"""Products of span sums with queries, differentiable without storing the sums."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import draw_keep_mask


class SpanProducts(torch.autograd.Function):
    """relu(start + end) of all spans times queries, one width after the other.

    The backward pass computes the sums again, so no tensor with all spans is stored.
    """

    @staticmethod
    def forward(
        ctx: Any, starts: Tensor, ends: Tensor, queries: Tensor, n_widths: int, rate: float
    ) -> Tensor:
        """Compute the products. Values for spans that extend past W are undefined.

        starts, ends (Tensor): # (B, W, H)
        queries (Tensor): For each row, or shared. # (B, C, H) or (C, H)
        n_widths (int): K.
        rate (float): Dropout rate of the sums, from 0 to 1.
        RETURNS (Tensor): # (B, W, K, C)
        """
        ends = F.pad(ends, (0, 0, 0, n_widths - 1))
        drawn = [draw_keep_mask(starts.shape, rate, starts) for _ in range(n_widths)]
        keep_masks, ctx.scale = [mask for mask, _ in drawn], drawn[0][1]
        products = [
            _span_sums(starts, ends, k, keep_masks) @ queries.transpose(-1, -2)
            for k in range(n_widths)
        ]
        ctx.save_for_backward(starts, ends, queries, *keep_masks)
        return torch.stack(products, dim=2).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients. # (B, W, K, C) -> (B, W, H), (B, W, H), (B, C, H) or (C, H)"""
        starts, ends, queries, *keep_masks = ctx.saved_tensors
        size = starts.size(1)
        to_starts, to_ends = torch.zeros_like(starts), torch.zeros_like(ends)
        exact = torch.promote_types(queries.dtype, torch.float32)
        to_queries = queries.new_zeros(queries.shape, dtype=exact)
        for k, of_width in enumerate((gradient * ctx.scale).unbind(2)):  # (B, W, C)
            sums = _span_sums(starts, ends, k, keep_masks)
            product = of_width.transpose(-1, -2) @ sums  # (B, C, H)
            to_queries += product if queries.dim() == 3 else product.sum(dim=0)
            passed = torch.ops.aten.threshold_backward(of_width @ queries, sums, 0)
            to_starts += passed
            to_ends[:, k : k + size] += passed
        return to_starts, to_ends[:, :size], to_queries.to(queries.dtype), None, None


def _span_sums(
    starts: Tensor, ends: Tensor, k: int, keep_masks: Sequence[Tensor | None]
) -> Tensor:  # (B, W, H)
    """Return relu(start + end) of spans of k + 1 words; 0 where dropped."""
    sums = torch.add(starts, ends[:, k : k + starts.size(1)]).relu_()
    mask = keep_masks[k]
    return sums if mask is None else sums.mul_(mask)
