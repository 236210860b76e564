"""Score every span of up to K words against every label: the base class of the span layers, and
the older layer, `Marker`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.layers import ProjectionMLP
from spacy_gliner_biomed.nn.selection import SelectedSpans, select_spans


class SpanScorer(nn.Module):
    """The base class of all span layers. Their `forward` computes all logits."""

    def select(
        self, words: Tensor, labels: Tensor, max_width: int, n_words: Tensor, min_logits: Tensor
    ) -> SelectedSpans:
        """Select the spans with a logit above its label's minimum.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, for each row or shared. # (B, C, D) or (C, D)
        max_width (int): K.
        n_words (Tensor): Words in each row, on the CPU. # (B,)
        min_logits (Tensor): For each row, or shared. # (B, C) or (1, C)
        RETURNS (SelectedSpans): The spans with their logits.
        """
        logits = mask_tails(self(words, labels, max_width, n_words), n_words)
        return select_spans(logits, min_logits)

    def span_vectors(self, words: Tensor, indices: Tensor, n_words: Tensor) -> Tensor:
        """Return the vectors that labels are compared with.

        words (Tensor): Word vectors. # (B, W, D)
        indices (Tensor): Row, first word, and width less 1; rows in order. # (N, 3)
        n_words (Tensor): Words in each row, on the CPU. # (B,)
        RETURNS (Tensor): # (N, D)
        """
        raise NotImplementedError


class Marker(SpanScorer):
    """The older span layer `marker` (GLiNER's `SpanMarker`). It ends in a single Linear, so the
    score of a span is the sum of one term for its first word and one for its last word.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.project_start = ProjectionMLP(width, width, dropout, factor=2)
        self.project_end = ProjectionMLP(width, width, dropout, factor=2)
        self.out_project = nn.Linear(2 * width, width)

    def forward(
        self, words: Tensor, labels: Tensor, max_width: int, n_words: Tensor | None = None
    ) -> Tensor:
        """Score all spans; arguments and result as `MarkerV0.forward`."""
        queries = labels @ self.out_project.weight  # (.., C, 2D)
        to_start, to_end = queries.transpose(-1, -2).split(self.width, dim=-2)  # (.., D, C)
        offsets = labels @ self.out_project.bias  # (.., C)
        starts = self.project_start(words, "relu") @ to_start + offsets.unsqueeze(-2)  # (B, W, C)
        ends = self.project_end(words, "relu") @ to_end  # (B, W, C)
        size = words.size(1)
        logits = [
            F.pad(starts[:, : size - k] + ends[:, k:], (0, 0, 0, k))
            for k in range(min(max_width, size))
        ]
        return _stack_widths(logits, max_width)

    def span_vectors(self, words: Tensor, indices: Tensor, n_words: Tensor) -> Tensor:
        """Return the vectors of some spans, see `SpanScorer.span_vectors`. # (N, D)"""
        row, first, more = indices.unbind(dim=1)
        starts = self.project_start(words, "relu")[row, first]
        ends = self.project_end(words, "relu")[row, first + more]
        vectors: Tensor = self.out_project(torch.cat([starts, ends], dim=-1))
        return vectors


def mask_tails(logits: Tensor, n_words: Tensor) -> Tensor:
    """Set the logits of spans that extend past the end of their row to minus infinity.

    logits (Tensor): Changed in place if they need no gradient. # (B, W, K, C)
    n_words (Tensor): # (B,)
    RETURNS (Tensor): # (B, W, K, C)
    """
    _, size, n_widths, _ = logits.shape
    start = torch.arange(size, device=logits.device)[:, None]
    width = torch.arange(n_widths, device=logits.device)
    beyond = start + width >= n_words.to(logits.device)[:, None, None]  # (B, W, K)
    if logits.requires_grad:
        return logits.masked_fill(beyond.unsqueeze(-1), float("-inf"))
    # Few spans extend past the end: write only these instead of going through all logits.
    logits.view(-1, logits.size(-1)).index_fill_(0, beyond.flatten().nonzero()[:, 0], float("-inf"))
    return logits


def _stack_widths(logits: list[Tensor], max_width: int) -> Tensor:
    stacked = torch.stack(logits, dim=2)  # (B, W, min(K, W), C)
    return F.pad(stacked, (0, 0, 0, max_width - stacked.size(2)))
