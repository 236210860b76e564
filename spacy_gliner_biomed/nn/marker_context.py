"""Span layers with a third vector beside start and end, which all spans of a row share.

It is in the same concatenation as the two others (see `nn.marker_v0`), so its share of the first
layer is computed once for each row, and added to the terms of all starts.

GLiNER computes it over the padding of a batch, too, so that its results depend on the other rows.
Here, a row in a batch gives what it gives alone.
"""

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.layers import ProjectionMLP, inside_rows, pick_by_row
from spacy_gliner_biomed.nn.marker_v0 import MarkerV0


class MarkerV1(MarkerV0):
    """The span layer `markerV1` (`SpanMarkerV1`): the mean of the row's words. Its checkpoints
    have a layer `project_first`, which GLiNER does not apply.
    """

    n_parts = 3

    def context(self, words: Tensor, n_words: Tensor | None) -> Tensor:
        """Return the mean of each row's words. # (B, W, D), (B,) -> (B, D)"""
        if n_words is None:
            return words.mean(dim=1)
        total = words.masked_fill(~inside_rows(n_words, words).unsqueeze(-1), 0).sum(dim=1)
        return total / n_words.to(words)[:, None]


class MarkerV2(MarkerV0):
    """The span layer `markerV2` (`SpanMarkerV2`): a projection of the row's last word."""

    n_parts = 3

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(width, dropout)
        self.project_context = ProjectionMLP(width, width, dropout)

    def context(self, words: Tensor, n_words: Tensor | None) -> Tensor:
        """Return the projection of each row's last word. # (B, W, D), (B,) -> (B, D)"""
        if n_words is None:
            n_words = torch.full((len(words),), words.size(1))
        last = pick_by_row(words, (n_words.to(words.device) - 1)[:, None])[:, 0]
        projected: Tensor = self.project_context(last)
        return projected
