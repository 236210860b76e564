"""Scores of every span of up to K words against every label, factorised exactly.

Published form: span = out_project(relu([project_start(w_i); project_end(w_j)])),
logit = span . label. A Linear on a concatenation is the sum of two Linears, so its
first layer is computed per *word* instead of per span; and the last Linear may be moved
to the labels. Both are equal to the published form in real arithmetic, and no tensor of
W * K wide rows exists (derivation: Zaratiana et al. 2023 for the form; README, "Speed").
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.layers import ProjectionMLP


class MarkerV0(nn.Module):
    """The span layer `markerV0` of GLiNER (gliner/modeling/span_rep.py, `SpanMarkerV0`)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.project_start = ProjectionMLP(width, width, dropout)
        self.project_end = ProjectionMLP(width, width, dropout)
        self.out_project = ProjectionMLP(2 * width, width, dropout)

    def forward(self, words: Tensor, labels: Tensor, max_width: int) -> Tensor:
        """Score all spans.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, per row or shared. # (B, C, D) or (C, D)
        max_width (int): K.
        RETURNS (Tensor): Logits; what reaches beyond the row's padding is 0. # (B, W, K, C)
        """
        hidden, dropout, output = self.out_project.parts()
        to_start, to_end = hidden.weight.split(self.width, dim=1)  # each (4D, D)
        starts = F.linear(self.project_start(words).relu(), to_start, hidden.bias)  # (B, W, 4D)
        ends = F.linear(self.project_end(words).relu(), to_end)  # (B, W, 4D)
        n_words, n_widths = words.size(1), min(max_width, words.size(1))
        fold = _folding_pays(labels.size(-2), n_words * n_widths, self.width)
        queries = labels @ output.weight if fold else labels  # (.., C, 4D or D)
        offsets = labels @ output.bias  # (.., C)
        logits = []
        for k in range(n_widths):
            spans = dropout((starts[:, : n_words - k] + ends[:, k:]).relu_())  # (B, W-k, 4D)
            if not fold:
                spans = spans @ output.weight.T  # (B, W-k, D)
            scores = spans @ queries.transpose(-1, -2) + offsets.unsqueeze(-2)  # (B, W-k, C)
            logits.append(F.pad(scores, (0, 0, 0, k)))
        return _stack_widths(logits, max_width)


class Marker(nn.Module):
    """The older span layer `marker` (`SpanMarker`): with one Linear at the end, a span's score
    is the sum of a term of its first word and a term of its last.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.project_start = ProjectionMLP(width, width, dropout, factor=2)
        self.project_end = ProjectionMLP(width, width, dropout, factor=2)
        self.out_project = nn.Linear(2 * width, width)

    def forward(self, words: Tensor, labels: Tensor, max_width: int) -> Tensor:
        """Score all spans; arguments and result as `MarkerV0.forward`."""
        queries = labels @ self.out_project.weight  # (.., C, 2D)
        to_start, to_end = queries.transpose(-1, -2).split(self.width, dim=-2)  # (.., D, C)
        offsets = labels @ self.out_project.bias  # (.., C)
        starts = self.project_start(words).relu() @ to_start + offsets.unsqueeze(-2)  # (B, W, C)
        ends = self.project_end(words).relu() @ to_end  # (B, W, C)
        n_words = words.size(1)
        logits = [
            F.pad(starts[:, : n_words - k] + ends[:, k:], (0, 0, 0, k))
            for k in range(min(max_width, n_words))
        ]
        return _stack_widths(logits, max_width)


def mask_tails(logits: Tensor, n_words: Tensor) -> Tensor:
    """Set the logits of spans that end beyond their row's words to minus infinity.

    logits (Tensor): # (B, W, K, C)
    n_words (Tensor): # (B,)
    """
    _, size, n_widths, _ = logits.shape
    start = torch.arange(size, device=logits.device)[:, None]
    width = torch.arange(n_widths, device=logits.device)
    beyond = start + width >= n_words.to(logits.device)[:, None, None]  # (B, W, K)
    return logits.masked_fill(beyond.unsqueeze(-1), float("-inf"))


def _stack_widths(logits: list[Tensor], max_width: int) -> Tensor:
    stacked = torch.stack(logits, dim=2)  # (B, W, min(K, W), C)
    return F.pad(stacked, (0, 0, 0, max_width - stacked.size(2)))


def _folding_pays(n_labels: int, n_spans: int, width: int) -> bool:
    # Operations: folded 8CD^2 + 8NCD, unfolded 8ND^2 + 2NCD, for N spans.
    folded = 8 * n_labels * width**2 + 8 * n_spans * n_labels * width
    return folded < 8 * n_spans * width**2 + 2 * n_spans * n_labels * width
