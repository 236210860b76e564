"""Attention over runs of equally long rows, for queries that are all subtokens or some."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import drop
from spacy_gliner_biomed.nn.encoders.packing import Run
from spacy_gliner_biomed.nn.linear import HALVES, in_inference

# Of exponentials: what a row loses below the smallest number is a 10**-8th of its sum, and its
# products with values stay below the largest.
MIN_SUM, MAX_SUM = 1e-30, 1e30
LOG2_OF_E = math.log2(math.e)


def split_heads(states: Tensor, rows: int, n_heads: int) -> Tensor:
    """# (rows * N, H) -> (rows, heads, N, H / heads), a view"""
    return states.view(rows, len(states) // rows, n_heads, -1).transpose(1, 2)


def join_heads(context: Tensor) -> Tensor:
    """# (rows, heads, N, H / heads) -> (rows * N, heads, H / heads), of one row a view"""
    return context.transpose(1, 2).flatten(0, 1)


def attend_in_16_bits(
    query: Tensor, key: Tensor, value: Tensor, runs: Sequence[Run], *, n_heads: int, scale: float
) -> Tensor:
    """As `weigh` without bias and dropout, of all runs, in inference on a CPU: 0.8 of the time,
    since less is copied, scaled and called.

    All subtokens are queries. If only those were that are read, each row had a product of its
    own shape, which oneDNN prepares for longer than it then takes.

    query, key, value (Tensor): # (T, H)
    RETURNS (Tensor): # (T, H)
    """
    contexts = torch.empty_like(query)
    unread, sizes = query.new_empty(1, 1, 1), [run.size for run in runs]
    parts = (split_heads(part, 1, n_heads)[0] for part in (query, key, value, contexts))
    by_run = zip(runs, *(part.split(sizes, dim=1) for part in parts), strict=True)
    for run, *of_run, context in by_run:  # (heads, rows * L, d)
        shape = (n_heads * run.rows, run.length, context.size(-1))
        # torch would copy what is strided all the same, but keys number by number.
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
    """softmax(query key^T * scale + bias) value.

    query (Tensor): # (rows, heads, N, d)
    key, value (Tensor): # (rows, heads, L, d)
    bias (Tensor | None): Numbers, or False for what is masked. # (rows, 1 or heads, 1 or N, L)
    RETURNS (Tensor): # (rows, heads, N, d)
    """
    if query.dtype in HALVES and query.device.type == "cpu":
        # In 16 bits, torch's fused attention converts; plain products take half its time, and
        # a quarter of it backwards (0.6 instead of 2.2 ms for 12 heads and 200 subtokens).
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
    """Two tensors whose quotient is softmax(scores), in inference on a CPU.

    In bfloat16, torch's softmax takes longer to find each row's largest score, which it subtracts
    lest exp overflows, than to do all else. bfloat16 has float32's range, in which exp of scores
    as networks have them stays by itself; the sums show whether it did. Takes 0.6 to 0.9 of the
    time, products included, for 128 to 256 subtokens.

    scores (Tensor): Used up. # (.., N, L)
    base_2 (bool): Whether they are exponents of 2, which take 0.8 of the time of those of e.
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
