"""Relative positions of DeBERTa: buckets of distances, and scores by position without gathers."""

from collections.abc import Iterator

import torch
from torch import Tensor

# Positions per block. A block is multiplied with L + BLOCK distances instead of 2 * L.
BLOCK = 512


def distances(length: int, device: torch.device) -> Tensor:
    """Return all distances between two positions of a row, descending. # (2 * length,)"""
    return torch.arange(length - 1, -length - 1, -1, device=device)


def buckets(distance: Tensor, n_buckets: int, max_position: int) -> Tensor:
    """Return the row of the position embeddings for each distance.

    Each short distance has its own row; long distances share rows by their logarithm. Operations
    have the order of transformers' `make_log_bucket_position`, so rounding is the same.

    distance (Tensor): How far a position is ahead of another. # (N,)
    n_buckets (int): Number of buckets in each direction; there are twice as many rows.
    max_position (int): The largest distance that the logarithm distinguishes.
    RETURNS (Tensor): # (N,)
    """
    middle = n_buckets // 2
    near = (distance < middle) & (distance > -middle)
    far = torch.where(near, middle - 1, distance.abs())
    scale = torch.log(torch.tensor((max_position - 1) / middle, device=distance.device))
    logarithm = torch.ceil(torch.log(far / middle) / scale * (middle - 1)) + middle
    bucket = torch.where(far <= middle, distance.float(), logarithm * distance.sign())
    return (bucket.long() + n_buckets).clamp(0, 2 * n_buckets - 1)


def blocks(length: int) -> Iterator[tuple[slice, slice]]:
    """Yield blocks of a row's positions, and for each the part of a table of distances it needs.

    Line u of the table is for the position that is u - (length - 1) ahead. # (2 * length, d)
    """
    for first in range(0, length, BLOCK):
        last = min(first + BLOCK, length)
        yield slice(first, last), slice(length - last, 2 * length - first)


def scores_by_position(vectors: Tensor, table: Tensor) -> Tensor:
    """Multiply each vector with the table's lines for its distances to all positions.

    vectors (Tensor): One vector per position of a row. # (.., heads, L, d)
    table (Tensor): One table per head, see `blocks`. # (heads, 2 * L, d)
    RETURNS (Tensor): # (.., heads, L, L)
    """
    parts = [
        shear(vectors[..., block, :] @ table[:, near].transpose(-1, -2))
        for block, near in blocks(vectors.size(-2))
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-2)


def shear(scores: Tensor) -> Tensor:
    """View scores by distance as scores by position, without a gather: each line is shifted by one
    more than the line before.

        distance  -2 -1  0 +1 +2 +3      position  0  1  2
        line 0     .  .  a  b  c  .      line 0    a  b  c
        line 1     .  d  e  f  .  .      line 1    d  e  f
        line 2     g  h  i  .  .  .      line 2    g  h  i

    scores (Tensor): # (.., N, L + N)
    RETURNS (Tensor): # (.., N, L)
    """
    scores = scores.contiguous()
    *lead, n_lines, size = scores.shape
    strides = (*scores.stride()[:-2], size - 1, 1)
    first = scores.storage_offset() + n_lines - 1
    return scores.as_strided((*lead, n_lines, size - n_lines), strides, first)
