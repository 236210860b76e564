"""Scores of every span of up to K words against every label, factorised exactly.

Published form: span = out_project(relu([project_start(w_i); project_end(w_j)])),
logit = span . label. A Linear on a concatenation is the sum of two Linears, so its
first layer is computed per *word* instead of per span; and the last Linear may be moved
to the labels. Both are equal to the published form in real arithmetic, and no tensor of
W * K wide rows exists (derivation: Zaratiana et al. 2023 for the form; README, "Speed").
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import draw_kept
from spacy_gliner_biomed.nn.kept import Kept
from spacy_gliner_biomed.nn.layers import ProjectionMLP
from spacy_gliner_biomed.nn.linear import HALVES, granular, in_inference, prepare, product

# Spans are scored in blocks of so many numbers, which stay in the cache: 5 to 15 % of the packaged
# model's time.
BLOCK = 2**20
GRAIN = 8  # Words of a block, in products.


class MarkerV0(nn.Module):
    """The span layer `markerV0` of GLiNER (gliner/modeling/span_rep.py, `SpanMarkerV0`)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.project_start = ProjectionMLP(width, width, dropout)
        self.project_end = ProjectionMLP(width, width, dropout)
        self.out_project = ProjectionMLP(2 * width, width, dropout)
        self.kept = Kept()
        self.kept_last = Kept()

    def forward(
        self, words: Tensor, labels: Tensor, max_width: int, n_words: Tensor | None = None
    ) -> Tensor:
        """Score all spans.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, per row or shared. # (B, C, D) or (C, D)
        max_width (int): K.
        n_words (Tensor | None): Words in each row, on the CPU; None if all have W. # (B,)
        RETURNS (Tensor): Logits; of what reaches beyond its row, any number. # (B, W, K, C)
        """
        if in_inference(words):
            counts = [words.size(1)] * len(words) if n_words is None else n_words.tolist()
            return self._score_rows(words, labels, max_width, counts)
        hidden, dropout, output = self.out_project.parts()
        to_start, to_end = hidden.weight.split(self.width, dim=1)  # each (4D, D)
        starts = F.linear(self.project_start(words, "relu"), to_start, hidden.bias)  # (B, W, 4D)
        ends = F.linear(self.project_end(words, "relu"), to_end)  # (B, W, 4D)
        size = words.size(1)
        n_widths = max(1, min(max_width, size))
        fold = _folding_pays(labels.size(-2), size * n_widths, self.width)
        queries = labels @ output.weight if fold else output.weight  # (.., C or D, 4D)
        rate = dropout.p if self.training else 0.0
        logits = _SpanProducts.apply(starts, ends, queries.to(starts.dtype), n_widths, rate)
        if not fold:
            logits = logits @ labels.transpose(-1, -2).unsqueeze(-3)
        logits = logits + (labels @ output.bias).unsqueeze(-2).unsqueeze(-2)  # (B, W, K, C)
        return F.pad(logits, (0, 0, 0, max_width - n_widths))

    def _score_rows(
        self, words: Tensor, labels: Tensor, max_width: int, counts: list[int]
    ) -> Tensor:
        """As `forward`, row by row in blocks that fit the cache: no padding is scored, and no
        tensor as wide as all spans is written to memory.
        """
        starts, ends = self._halves(_pack(words, counts, max_width - 1))  # (T, 4D) each
        windows = ends.unfold(0, max_width, 1).transpose(1, 2)  # (T - K + 1, K, 4D), a view
        labels = labels.to(starts.dtype)
        last, queries = self._last_layer(labels, sum(counts) * max_width)
        bias = self.out_project.parts()[-1].bias.to(labels.dtype)
        offsets = (labels @ bias).expand(len(words), -1)  # (B, C)
        shared = prepare(queries, None, labels.dtype)[0] if queries.dim() == 2 else None
        step = max(1, BLOCK // windows[0].numel())
        spans = torch.zeros(step, max_width, windows.size(-1), dtype=labels.dtype)
        logits = starts.new_empty(*words.shape[:2], max_width, labels.size(-2))  # (B, W, K, C)
        first_word = 0
        for row, count in enumerate(counts):
            of_row = queries[row] if shared is None else shared
            for first in range(0, count, step):
                end = min(first + step, count)
                block, size = slice(first_word + first, first_word + end), end - first
                _relu_(torch.add(starts[block, None], windows[block], out=spans[:size]))
                # What is left of other words fills up the product, see `linear.granular`.
                vectors = spans[: -(-size // GRAIN) * GRAIN].flatten(0, 1)  # (N * K, 4D)
                vectors = vectors if last is None else product(vectors, last, None)
                scores = product(vectors, of_row, offsets[row])
                logits[row, first:end] = scores.unflatten(0, (-1, max_width))[:size]
            first_word += count
        return logits

    def _last_layer(self, labels: Tensor, n_spans: int) -> tuple[Tensor | None, Tensor]:
        """What spans are multiplied with, if not folded into the labels, and then the labels.

        RETURNS (tuple[Tensor | None, Tensor]): # (D, 4D) or None, (.., C, D or 4D)
        """
        weight, dtype = self.out_project.parts()[-1].weight, labels.dtype
        if _folding_pays(labels.size(-2), n_spans, self.width):
            return None, labels @ weight.to(dtype)
        last, _ = self.kept_last.get([weight], dtype, lambda: prepare(weight, None, dtype))
        return last, labels

    def _halves(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """The two terms of the first layer of `out_project`. # (T, D) -> (T, 4D) each"""
        starts, ends = self.project_start(words, "relu"), self.project_end(words, "relu")
        hidden, dtype = self.out_project.parts()[0], starts.dtype

        def split() -> list[tuple[Tensor, Tensor | None]]:
            to_start, to_end = hidden.weight.split(self.width, dim=1)
            return [prepare(to_start, hidden.bias, dtype), prepare(to_end, None, dtype)]

        to_start, to_end = self.kept.get([hidden.weight, hidden.bias], dtype, split)
        return product(starts, *to_start), product(ends, *to_end)


class _SpanProducts(torch.autograd.Function):
    """relu(start + end) of all spans, times queries, one width after the other: the sums are
    added up again for the gradient, so that no tensor of all spans is stored, dropped or read.
    """

    @staticmethod
    def forward(
        ctx: Any, starts: Tensor, ends: Tensor, queries: Tensor, n_widths: int, rate: float
    ) -> Tensor:
        """Of spans that reach beyond W, any number.

        starts, ends (Tensor): # (B, W, H)
        queries (Tensor): Of each row, or shared. # (B, C, H) or (C, H)
        rate (float): Of dropout, which acts on the sums.
        RETURNS (Tensor): # (B, W, K, C)
        """
        ends = F.pad(ends, (0, 0, 0, n_widths - 1))
        drawn = [draw_kept(starts.shape, rate, starts) for _ in range(n_widths)]
        kept, ctx.scale = [mask for mask, _ in drawn], drawn[0][1]
        products = [
            _span_sums(starts, ends, k, kept) @ queries.transpose(-1, -2) for k in range(n_widths)
        ]
        ctx.save_for_backward(starts, ends, queries, *kept)
        return torch.stack(products, dim=2).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """# (B, W, K, C) -> (B, W, H), (B, W, H), (B, C, H) or (C, H)"""
        starts, ends, queries, *kept = ctx.saved_tensors
        size = starts.size(1)
        to_starts, to_ends = torch.zeros_like(starts), torch.zeros_like(ends)
        exact = torch.promote_types(queries.dtype, torch.float32)
        to_queries = queries.new_zeros(queries.shape, dtype=exact)
        for k, of_width in enumerate((gradient * ctx.scale).unbind(2)):  # (B, W, C)
            sums = _span_sums(starts, ends, k, kept)
            product = of_width.transpose(-1, -2) @ sums  # (B, C, H)
            to_queries += product if queries.dim() == 3 else product.sum(dim=0)
            passed = torch.ops.aten.threshold_backward(of_width @ queries, sums, 0)
            to_starts += passed
            to_ends[:, k : k + size] += passed
        return to_starts, to_ends[:, :size], to_queries.to(queries.dtype), None, None


def _span_sums(
    starts: Tensor, ends: Tensor, k: int, kept: Sequence[Tensor | None]
) -> Tensor:  # (B, W, H)
    """relu(start + end) of spans of k + 1 words, or 0 where dropped."""
    sums = torch.add(starts, ends[:, k : k + starts.size(1)]).relu_()
    mask = kept[k]
    return sums if mask is None else sums.mul_(mask)


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


def mask_tails(logits: Tensor, n_words: Tensor) -> Tensor:
    """Set the logits of spans that end beyond their row's words to minus infinity.

    logits (Tensor): # (B, W, K, C)
    n_words (Tensor): # (B,)
    """
    _, size, n_widths, _ = logits.shape
    start = torch.arange(size, device=logits.device)[:, None]
    width = torch.arange(n_widths, device=logits.device)
    beyond = start + width >= n_words.to(logits.device)[:, None, None]  # (B, W, K)
    if logits.requires_grad:
        return logits.masked_fill(beyond.unsqueeze(-1), float("-inf"))
    # Few spans are beyond: they alone are written, and not all logits read.
    logits.view(-1, logits.size(-1)).index_fill_(0, beyond.flatten().nonzero()[:, 0], float("-inf"))
    return logits


def _relu_(x: Tensor) -> Tensor:
    """ReLU in place. The sign of 16 bits of a float is that of a whole number's, which torch
    compares five times as fast.
    """
    if x.dtype not in HALVES:
        return x.relu_()
    x.view(torch.int16).clamp_min_(0)
    return x


def _pack(words: Tensor, counts: list[int], n_beyond: int) -> Tensor:
    """The rows' words one after the other, and zeros, at least as many as asked for.

    words (Tensor): # (B, W, D)
    RETURNS (Tensor): # (T, D)
    """
    n_zeros = granular(sum(counts) + n_beyond) - sum(counts)
    rows = [row[:count] for row, count in zip(words, counts, strict=True)]
    return torch.cat([*rows, words.new_zeros(n_zeros, words.size(-1))])


def _stack_widths(logits: list[Tensor], max_width: int) -> Tensor:
    stacked = torch.stack(logits, dim=2)  # (B, W, min(K, W), C)
    return F.pad(stacked, (0, 0, 0, max_width - stacked.size(2)))


def _folding_pays(n_labels: int, n_spans: int, width: int) -> bool:
    # Operations: folded 8CD^2 + 8NCD, unfolded 8ND^2 + 2NCD, for N spans.
    folded = 8 * n_labels * width**2 + 8 * n_spans * n_labels * width
    return folded < 8 * n_spans * width**2 + 2 * n_spans * n_labels * width
