"""Attention over runs of equally long rows."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import drop
from spacy_gliner_biomed.nn.encoders.packing import Run
from spacy_gliner_biomed.nn.linear import HALVES, in_inference

# Allowed range of the sum of a row's exponentials. Within it, exponentials that underflow make up
# less than 10**-8 of the sum, and products with the values do not overflow.
MIN_SUM, MAX_SUM = 1e-30, 1e30
LOG2_OF_E = math.log2(math.e)


def split_heads(states: Tensor, rows: int, n_heads: int) -> Tensor:
    """View states by head. # (rows * N, H) -> (rows, heads, N, H / heads)"""
    return states.view(rows, len(states) // rows, n_heads, -1).transpose(1, 2)


def join_heads(context: Tensor) -> Tensor:
    """Undo `split_heads`; a view for a single row. # (rows, heads, N, d) -> (rows * N, heads, d)"""
    return context.transpose(1, 2).flatten(0, 1)


def attend_in_16_bits(
    query: Tensor, key: Tensor, value: Tensor, runs: Sequence[Run], *, n_heads: int, scale: float
) -> Tensor:
    """Attend within all runs, without bias and dropout, in inference on a CPU.

    This takes 0.8 times as long as `weigh`, because it copies and scales less.

    query, key, value (Tensor): # (T, H)
    runs (Sequence[Run]): The rows of the T subtokens.
    n_heads (int): Number of heads.
    scale (float): Factor of the scores.
    RETURNS (Tensor): # (T, H)
    """
    contexts = torch.empty_like(query)
    unread, sizes = query.new_empty(1, 1, 1), [run.size for run in runs]
    parts = (split_heads(part, 1, n_heads)[0] for part in (query, key, value, contexts))
    by_run = zip(runs, *(part.split(sizes, dim=1) for part in parts), strict=True)
    for run, *of_run, context in by_run:  # (heads, rows * L, d)
        shape = (n_heads * run.rows, run.length, context.size(-1))
        # torch would copy strided tensors itself, but the keys number by number.
        queries, keys, values = (part.reshape(shape).contiguous() for part in of_run)
        scores = torch.baddbmm(
            unread, queries, keys.transpose(1, 2), beta=0, alpha=scale * LOG2_OF_E
        )
        weights, sums = softmax_parts(scores, base_2=True)
        products = torch.bmm(weights, values)
        torch.div(products.view_as(context), sums.view(*context.shape[:2], 1), out=context)
    return contexts


def weigh(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    bias: Tensor | None,
    scale: float,
    dropout: float,
) -> Tensor:
    """Return softmax(query key^T * scale + bias) value.

    query (Tensor): # (rows, heads, N, d)
    key, value (Tensor): # (rows, heads, L, d)
    bias (Tensor | None): Added to the scores; if boolean, False masks a key.
        # (rows, 1 or heads, 1 or N, L)
    scale (float): Factor of the scores.
    dropout (float): Dropout rate of the attention weights, from 0 to 1.
    RETURNS (Tensor): # (rows, heads, N, d)
    """
    if query.dtype in HALVES and query.device.type == "cpu":
        # In 16 bits, torch's fused attention converts to float32. Plain products take half of the
        # time, and a quarter in the backward pass (0.6 instead of 2.2 ms for 12 heads and 200
        # subtokens).
        scores = torch.matmul(query * scale, key.transpose(-1, -2))
        if bias is not None and bias.dtype == torch.bool:
            scores.masked_fill_(~bias, float("-inf"))
        elif bias is not None:
            scores = scores + bias
        if in_inference(scores) and not dropout:
            weights, sums = softmax_parts(scores)
            return torch.matmul(weights, value).div_(sums)
        weights = scores.softmax(dim=-1, dtype=query.dtype)
        return torch.matmul(drop(weights, dropout) if dropout else weights, value)
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=bias, dropout_p=dropout, scale=scale
    )


def softmax_parts(scores: Tensor, *, base_2: bool = False) -> tuple[Tensor, Tensor]:
    """Return two tensors whose quotient is softmax(scores), in inference on a CPU.

    torch's softmax first subtracts the largest score of each row, so that exp cannot overflow. In
    bfloat16, finding that score takes longer than everything else. But bfloat16 has the range of
    float32, in which exp of usual scores does not overflow; the sums show whether it did. For 128
    to 256 subtokens, attention then takes 0.6 to 0.9 times as long.

    scores (Tensor): Overwritten. # (.., N, L)
    base_2 (bool): Whether the scores are exponents of 2 instead of e; exp2 takes 0.8 times as long.
    RETURNS (tuple[Tensor, Tensor]): # (.., N, L), (.., N, 1)
    """
    if scores.dtype == torch.bfloat16:
        weights = scores.exp2() if base_2 else scores.exp()
        sums = weights.sum(dim=-1, keepdim=True)
        smallest, largest = sums.aminmax()
        if smallest > MIN_SUM and largest < MAX_SUM:
            return weights, sums
    exact = scores.float().div_(LOG2_OF_E) if base_2 else scores
    weights = torch.softmax(exact, dim=-1, out=exact).to(scores.dtype)
    return weights, torch.ones_like(weights[..., :1])
