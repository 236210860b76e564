"""The span layer of nearly all checkpoints, factorised exactly.

Published form (Zaratiana et al. 2023): span = out_project(relu([project_start(w_i);
project_end(w_j)])), logit = span . label. A Linear on a concatenation is the sum of two Linears,
so the first layer of out_project is computed per *word* instead of per span. The last Linear can
be applied to the labels instead of the spans. Both changes are exact in real arithmetic, and no
tensor with the vectors of all W * K spans is needed.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn.derived import DerivedWeights
from spacy_gliner_biomed.nn.layers import ProjectionMLP, pick
from spacy_gliner_biomed.nn.linear import in_inference, prepare, product
from spacy_gliner_biomed.nn.screening import Screen, screening_pays
from spacy_gliner_biomed.nn.selection import SelectedSpans, select_spans
from spacy_gliner_biomed.nn.span_products import SpanProducts
from spacy_gliner_biomed.nn.span_scoring import SpanScorer, mask_tails
from spacy_gliner_biomed.nn.span_sums import SpanSums, pack_rows

# From this many labels on, logits are computed block by block, and only selected ones are kept.
MANY = 64
MAX_SPANS = 4096  # that `score_spans` scores at once


class MarkerV0(SpanScorer):
    """The span layer `markerV0` of GLiNER (gliner/modeling/span_rep.py, `SpanMarkerV0`), which is
    also its `TokenMarker`.
    """

    n_parts = 2  # vectors that are concatenated: start, end, and in other layers the context

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.project_start = ProjectionMLP(width, width, dropout)
        self.project_end = ProjectionMLP(width, width, dropout)
        self.out_project = ProjectionMLP(self.n_parts * width, width, dropout)
        self.derived_halves, self.derived_last, self.derived_screen = (
            DerivedWeights(),
            DerivedWeights(),
            DerivedWeights(),
        )

    def forward(
        self, words: Tensor, labels: Tensor, max_width: int, n_words: Tensor | None = None
    ) -> Tensor:
        """Score all spans.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, for each row or shared. # (B, C, D) or (C, D)
        max_width (int): K.
        n_words (Tensor | None): Words in each row, on the CPU; None if all have W. # (B,)
        RETURNS (Tensor): Logits. Values for spans that extend past the end of a row are undefined.
            # (B, W, K, C)
        """
        if in_inference(words):
            counts = [words.size(1)] * len(words) if n_words is None else n_words.tolist()
            sums = self._sums(words, max_width, counts)
            shape = (*words.shape[:2], max_width, labels.size(-2))
            logits = words.new_empty(shape, dtype=sums.dtype)  # (B, W, K, C)
            for row, first, scores in self._blocks(sums, labels, counts):
                logits[row, first : first + len(scores)] = scores
            return logits
        _, dropout, output = self.out_project.parts()
        starts, ends = self._halves(words)  # (B, W, 4D)
        context = self._context_term(words, n_words)
        if context is not None:
            starts = starts + context.unsqueeze(1)
        size = words.size(1)
        n_widths = max(1, min(max_width, size))
        fold = _folding_pays(labels.size(-2), size * n_widths, self.width)
        queries = labels @ output.weight if fold else output.weight  # (.., C or D, 4D)
        rate = dropout.p if self.training else 0.0
        logits = SpanProducts.apply(starts, ends, queries.to(starts.dtype), n_widths, rate)
        if not fold:
            logits = logits @ labels.transpose(-1, -2).unsqueeze(-3)
        logits = logits + (labels @ output.bias).unsqueeze(-2).unsqueeze(-2)  # (B, W, K, C)
        return F.pad(logits, (0, 0, 0, max_width - n_widths))

    def select(
        self, words: Tensor, labels: Tensor, max_width: int, n_words: Tensor, min_logits: Tensor
    ) -> SelectedSpans:
        """Select spans, see `SpanScorer.select`. For many labels, logits are computed in blocks."""
        if labels.size(-2) < MANY or not in_inference(words):
            return super().select(words, labels, max_width, n_words, min_logits)
        counts: list[int] = n_words.tolist()
        sums = self._sums(words, max_width, counts)
        screen = self._screen(labels, sums.dtype) if len(min_logits) == 1 else None
        if screen is None:
            min_logits = min_logits.expand(len(counts), -1)
            parts = self._above(self._blocks(sums, labels, counts), counts, min_logits)
        else:
            parts = self._screened(sums, screen, counts, min_logits[0])
        none = SelectedSpans(n_words.new_zeros(0, 3), sums.starts.new_zeros(0, labels.size(-2)))
        return SelectedSpans.join([none, *parts])

    def _blocks(
        self, sums: SpanSums, labels: Tensor, counts: list[int]
    ) -> Iterator[tuple[int, int, Tensor]]:
        """Yield the row, the first word and the logits (N, K, C) of blocks that fit into the cache.
        Padding is not scored, and no tensor with all spans is written to memory.
        """
        labels = labels.to(sums.dtype)
        last, queries = self._last_layer(labels, sum(counts) * sums.max_width)
        offsets = self._offsets(labels).expand(len(counts), -1)  # (B, C)
        shared = prepare(queries, None, labels.dtype)[0] if queries.dim() == 2 else None
        first_word = 0
        for row, count in enumerate(counts):
            of_row = queries[row] if shared is None else shared
            for first, end in sums.blocks(count):
                vectors = sums.block(first_word + first, first_word + end)  # (N * K, 4D)
                vectors = vectors if last is None else product(vectors, last, None)
                scores = product(vectors, of_row, offsets[row])
                yield row, first, scores.unflatten(0, (-1, sums.max_width))[: end - first]
            first_word += count

    def _above(
        self, blocks: Iterable[tuple[int, int, Tensor]], counts: list[int], min_logits: Tensor
    ) -> Iterator[SelectedSpans]:
        """Select the spans that exceed their row's minimum logits. # min_logits: (B, C)"""
        for row, first, scores in blocks:
            left = torch.tensor([counts[row] - first])
            spans = select_spans(mask_tails(scores[None], left), min_logits[row, None])
            yield SelectedSpans(spans.indices + torch.tensor([row, first, 0]), spans.logits)

    def _screen(self, labels: Tensor, dtype: torch.dtype) -> Screen | None:
        """Return a screen for shared labels; None if it is not faster. # labels: (.., C, D)"""
        if not screening_pays(labels, dtype, self.width):
            return None
        weight = self.out_project.parts()[-1].weight
        # The cache identifies labels by their address. The screen keeps them alive, so that no
        # other tensor can get that address.
        screen: Screen = self.derived_screen.get(
            [weight, labels], None, lambda: Screen(labels, weight)
        )
        return screen if screen.should_screen() else None

    def _screened(
        self, sums: SpanSums, screen: Screen, counts: list[int], min_logits: Tensor
    ) -> Iterator[SelectedSpans]:
        """Yield the spans that pass a screen, in parts. # min_logits: (C,)"""
        offsets = self._offsets(screen.labels)  # (C,)
        rows = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))  # (T,)
        words = torch.cat([torch.arange(count) for count in counts])  # (T,)
        inside = words[:, None] + torch.arange(sums.max_width) < torch.tensor(counts)[rows, None]
        passing = screen.passing(sums, min_logits - offsets, inside)
        for spans in passing.split(sums.n_spans):
            logits = product(sums.of_spans(spans), screen.queries, offsets)[: len(spans)]
            word, more = spans // sums.max_width, spans % sums.max_width
            yield SelectedSpans(torch.stack([rows[word], words[word], more], dim=1), logits)

    def score_spans(
        self, words: Tensor, labels: Tensor, indices: Tensor, n_words: Tensor
    ) -> Tensor:
        """Score some spans of any width.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, for each row or shared. # (B, C, D) or (C, D)
        indices (Tensor): Row, first word, and width less 1; rows in order. # (N, 3)
        n_words (Tensor): Words in each row, on the CPU. # (B,)
        RETURNS (Tensor): Logits. # (N, C)
        """
        logits = [words.new_zeros(0, labels.size(-2))]
        for row, vectors in self._vectors_of(words, indices, n_words):
            of_row = labels if labels.dim() == 2 else labels[row]  # (C, D)
            logits.append(vectors @ of_row.transpose(0, 1))
        return torch.cat(logits)

    def span_vectors(self, words: Tensor, indices: Tensor, n_words: Tensor) -> Tensor:
        """Return the vectors of some spans, see `SpanScorer.span_vectors`. # (N, D)"""
        parts = (vectors for _, vectors in self._vectors_of(words, indices, n_words))
        return torch.cat([words.new_zeros(0, self.width), *parts])

    def _vectors_of(
        self, words: Tensor, indices: Tensor, n_words: Tensor
    ) -> Iterator[tuple[int, Tensor]]:
        """Yield the row and the vectors of some of its spans, in order. # (<= MAX_SPANS, D)"""
        starts, ends = self._halves(words)
        context = self._context_term(words, n_words)
        if context is not None:
            starts = starts + context.unsqueeze(1)
        _, dropout, output = self.out_project.parts()
        counts = torch.bincount(indices[:, 0], minlength=len(words)).tolist()
        for row, spans in enumerate(indices.split(counts)):
            for part in spans.split(MAX_SPANS):
                first, last = part[:, 1], part[:, 1] + part[:, 2]
                sums = (pick(starts[row], first) + pick(ends[row], last)).relu()
                yield row, output(dropout(sums))

    def _sums(self, words: Tensor, max_width: int, counts: list[int]) -> SpanSums:
        """Apply the first layer of `out_project` to the words of all rows."""
        starts, ends = self._halves(pack_rows(words, counts, max_width - 1))
        context = self._context_term(words, torch.tensor(counts))
        if context is not None:
            of_word = context.repeat_interleave(torch.tensor(counts), dim=0)
            starts[: sum(counts)] += of_word
        return SpanSums(starts, ends, max_width)

    def _offsets(self, labels: Tensor) -> Tensor:
        """Return the last bias's share of each label's logits. # (.., C, D) -> (.., C)"""
        return labels @ self.out_project.parts()[-1].bias.to(labels.dtype)

    def _last_layer(self, labels: Tensor, n_spans: int) -> tuple[Tensor | None, Tensor]:
        """Return the last layer's weight, or None if it is folded into the labels; and the labels.

        labels (Tensor): Label vectors. # (.., C, D)
        n_spans (int): Spans to score.
        RETURNS (tuple[Tensor | None, Tensor]): # (D, 4D) or None, (.., C, D or 4D)
        """
        weight, dtype = self.out_project.parts()[-1].weight, labels.dtype
        if _folding_pays(labels.size(-2), n_spans, self.width):
            return None, labels @ weight.to(dtype)
        last, _ = self.derived_last.get([weight], dtype, lambda: prepare(weight, None, dtype))
        return last, labels

    def _halves(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the two terms of the first layer of `out_project`. # (.., D) -> (.., 4D) each"""
        starts, ends = self.project_start(words, "relu"), self.project_end(words, "relu")
        return self._first_layer(starts, 0), self._first_layer(ends, 1)

    def _context_term(self, words: Tensor, n_words: Tensor | None) -> Tensor | None:
        """Return the term of the first layer of `out_project` that all spans of a row share.

        words (Tensor): # (B, W, D)
        n_words (Tensor | None): As for `forward`. # (B,)
        RETURNS (Tensor | None): # (B, 4D)
        """
        context = self.context(words, n_words)
        return None if context is None else self._first_layer(context.relu(), 2)

    def context(self, words: Tensor, n_words: Tensor | None) -> Tensor | None:
        """Return the third vector of all spans of a row; none in this layer. # (B, D)"""
        return None

    def _first_layer(self, vectors: Tensor, part: int) -> Tensor:
        """Apply the columns of `out_project` that read one of the parts. # (.., D) -> (.., 4D)"""
        hidden = self.out_project.parts()[0]
        biases = (hidden.bias, None, None)

        def split(dtype: torch.dtype) -> list[tuple[Tensor, Tensor | None]]:
            columns = hidden.weight.split(self.width, dim=1)
            return [prepare(each, bias, dtype) for each, bias in zip(columns, biases, strict=False)]

        if not in_inference(vectors):
            columns = hidden.weight.split(self.width, dim=1)
            return F.linear(vectors, columns[part], biases[part])
        dtype = vectors.dtype
        parts = self.derived_halves.get([hidden.weight, hidden.bias], dtype, lambda: split(dtype))
        return product(vectors, *parts[part])


def _folding_pays(n_labels: int, n_spans: int, width: int) -> bool:
    # Operations: folded 8CD^2 + 8NCD, unfolded 8ND^2 + 2NCD, for N spans.
    folded = 8 * n_labels * width**2 + 8 * n_spans * n_labels * width
    return folded < 8 * n_spans * width**2 + 2 * n_spans * n_labels * width
