"""Relative positions of DeBERTa: buckets of distances, and scores by distance without gathers."""

from collections.abc import Iterator

import torch
from torch import Tensor

# A block of so many places is multiplied with L + 512 distances, instead of 2 L.
BLOCK = 512


def distances(length: int, device: torch.device) -> Tensor:
    """How far a place can be ahead of another in a row, falling. # (2 * length,)"""
    return torch.arange(length - 1, -length - 1, -1, device=device)


def buckets(distance: Tensor, n_buckets: int, max_position: int) -> Tensor:
    """The row of the position embeddings for each distance.

    Near distances have rows of their own, far ones share them by logarithm. Operations are in
    the order of transformers' `make_log_bucket_position`, so that they round alike.

    distance (Tensor): How far a place is ahead of another. # (N,)
    n_buckets (int): In each direction; there are twice as many rows.
    max_position (int): Farthest distance that the logarithm tells apart.
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
    """Blocks of a row's places, each with the part of a table of distances that it needs.

    Line u of such a table is of the place that lies u - (length - 1) ahead. # (2 * length, d)
    """
    for first in range(0, length, BLOCK):
        last = min(first + BLOCK, length)
        yield slice(first, last), slice(length - last, 2 * length - first)


def scores_by_position(vectors: Tensor, table: Tensor) -> Tensor:
    """Products of each vector with the table's entry for its distance to each place.

    vectors (Tensor): One for each place of a row. # (.., heads, L, d)
    table (Tensor): As of `blocks`, for each head. # (heads, 2 * L, d)
    RETURNS (Tensor): # (.., heads, L, L)
    """
    parts = [
        shear(vectors[..., block, :] @ table[:, near].transpose(-1, -2))
        for block, near in blocks(vectors.size(-2))
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-2)


def shear(scores: Tensor) -> Tensor:
    """Scores by distance as scores by place: a view that shifts each line by one more, so that
    DeBERTa's attention needs no gather.

        distance  -2 -1  0 +1 +2 +3      place  0  1  2
        place 0    .  .  a  b  c  .             a  b  c
        place 1    .  d  e  f  .  .             d  e  f
        place 2    g  h  i  .  .  .             g  h  i

    scores (Tensor): # (.., N, L + N)
    RETURNS (Tensor): # (.., N, L)
    """
    scores = scores.contiguous()
    *lead, n_lines, size = scores.shape
    strides = (*scores.stride()[:-2], size - 1, 1)
    first = scores.storage_offset() + n_lines - 1
    return scores.as_strided((*lead, n_lines, size - n_lines), strides, first)
