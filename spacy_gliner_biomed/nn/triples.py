"""Scores of a head, a relation and a tail without weights, as in knowledge graph embeddings.

GLiNER's forms are in gliner/modeling/multitask/triples_layers.py. Nearly all are linear in the
relation, so that the relations are multiplied with one vector for each pair.
"""

from collections.abc import Callable

import torch
from torch import Tensor

MAX_DISTANCE = 10.0

# From heads (P, D), tails (P, D) and relations (R, D) to logits (P, R).
TripleScore = Callable[[Tensor, Tensor, Tensor], Tensor]


def _um(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    return distance(head - tail).unsqueeze(-1).expand(-1, len(relations))


def _se(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    return distance((head - tail).unsqueeze(1) * relations)


def _trans_e(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    return distance((head - tail).unsqueeze(1) + relations, order=1)


def _dist_mult(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    return (head * tail) @ relations.T


def _simple(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    (forward, back), (tail_forward, tail_back) = head.chunk(2, -1), tail.chunk(2, -1)
    return 0.5 * torch.cat([forward * tail_back, tail_forward * back], -1) @ relations.T


def _dist_ma(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    return (head + tail) @ relations.T + (head * tail).sum(dim=-1, keepdim=True)


def _compl_ex(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    (real, imaginary), (tail_real, tail_imaginary) = head.chunk(2, -1), tail.chunk(2, -1)
    same = real * tail_real + imaginary * tail_imaginary
    other = real * tail_imaginary - imaginary * tail_real
    return torch.cat([same, other], -1) @ relations.T


def _quat_e(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    a, b, c, d = head.chunk(4, -1)
    w, x, y, z = tail.chunk(4, -1)
    parts = [
        a * w + b * x + c * y + d * z,
        a * x - b * w + d * y - c * z,
        a * y - c * w - d * x + b * z,
        a * z - d * w + c * x - b * y,
    ]
    return torch.cat(parts, -1) @ relations.T


def _hol_e(head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
    dtype = torch.promote_types(head.dtype, torch.float32)  # no FFT in 16 bits
    head, tail, relations = head.to(dtype), tail.to(dtype), relations.to(dtype)
    spectrum = torch.fft.rfft(head, dim=-1).conj() * torch.fft.rfft(tail, dim=-1)
    correlation: Tensor = torch.fft.irfft(spectrum, n=head.size(-1), dim=-1)
    return correlation @ relations.T


def distance(difference: Tensor, order: int = 2) -> Tensor:
    """Return the negative norm, at most `MAX_DISTANCE`. # (.., D) -> (..)"""
    norm: Tensor = torch.linalg.norm(difference, ord=order, dim=-1)
    return -norm.clamp(max=MAX_DISTANCE)


# By the name in GLiNER's config.
TRIPLE_SCORES: dict[str, TripleScore] = {
    "UM": _um,
    "SE": _se,
    "TransE": _trans_e,
    "DistMult": _dist_mult,
    "SimplE": _simple,
    "DistMA": _dist_ma,
    "ComplEx": _compl_ex,
    "QuatE": _quat_e,
    "HolE": _hol_e,
}
