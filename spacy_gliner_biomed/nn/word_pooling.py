"""Word vectors from the states of their subtokens."""

import torch
from torch import Tensor

REDUCTIONS = {"mean": "mean", "max": "amax"}  # of torch, by the name in GLiNER's config


def positions_to_read(word_positions: Tensor, word_lengths: Tensor, pooling: str) -> Tensor:
    """Return the positions of the subtokens that words are made of.

    word_positions (Tensor): Each word's first subtoken; -1 for none. # (B, W)
    word_lengths (Tensor): Subtokens of each word, which follow one another. # (B, W)
    pooling (str): "first", "last", "mean" or "max".
    RETURNS (Tensor): One per word, or all subtokens of the row's words; -1 for none. # (B, N)
    """
    if pooling == "first":
        return word_positions
    if pooling == "last":
        return (word_positions + word_lengths - 1).where(word_positions >= 0, -1)
    totals = word_lengths.sum(dim=1, keepdim=True)  # (B, 1)
    beyond = torch.iinfo(word_positions.dtype).max
    first = word_positions.where(word_positions >= 0, beyond).amin(dim=1, keepdim=True)  # (B, 1)
    offsets = torch.arange(int(totals.max()), device=word_positions.device)
    return (first + offsets).where(offsets < totals, -1)


def pool_words(vectors: Tensor, word_lengths: Tensor, pooling: str) -> Tensor:
    """Pool the vectors at `positions_to_read`, as GLiNER does (gliner/modeling/utils.py).

    vectors (Tensor): # (B, N, D)
    word_lengths (Tensor): Subtokens of each word. # (B, W)
    pooling (str): "first", "last", "mean" or "max".
    RETURNS (Tensor): Zeros for words without subtokens. # (B, W, D)
    """
    if pooling not in REDUCTIONS:
        return vectors
    (n_rows, n_subtokens, width), n_words = vectors.shape, word_lengths.size(1)
    offsets = torch.arange(n_subtokens, device=vectors.device).expand(n_rows, -1).contiguous()
    word_of = torch.searchsorted(word_lengths.cumsum(dim=1), offsets, right=True)  # W: padding
    slots = word_of + torch.arange(n_rows, device=vectors.device)[:, None] * (n_words + 1)
    index = slots.flatten()[:, None].expand(-1, width)
    empty = vectors.new_zeros(n_rows * (n_words + 1), width)
    pooled: Tensor = empty.scatter_reduce(
        0, index, vectors.flatten(0, 1), REDUCTIONS[pooling], include_self=False
    )
    return pooled.view(n_rows, n_words + 1, width)[:, :n_words]
