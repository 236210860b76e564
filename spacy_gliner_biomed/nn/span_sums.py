"""Hidden vectors of spans in inference, computed block by block from vectors of their words."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from spacy_gliner_biomed.nn.layers import pick
from spacy_gliner_biomed.nn.linear import round_up_rows

# Number of elements in a block of spans. A block of this size stays in the cache, which saves 5 to
# 15 % of the packaged model's time.
BLOCK = 2**20
WORD_MULTIPLE = 8  # products are computed for a multiple of this many words


class SpanSums:
    """relu(start + end) of all spans of up to K words.

    starts, ends (Tensor): The terms of consecutive words, followed by at least K - 1 other rows.
        # (T, H)
    max_width (int): K.
    """

    def __init__(self, starts: Tensor, ends: Tensor, max_width: int) -> None:
        self.starts, self.ends, self.max_width = starts, ends, max_width
        self.dtype, self.width = starts.dtype, starts.size(-1)
        self.windows = ends.unfold(0, max_width, 1).transpose(1, 2)  # (T - K + 1, K, H), a view
        self.step = max(1, BLOCK // (max_width * self.width))  # words in a block
        self.n_spans = self.step * max_width  # spans in a block
        self.sums = torch.zeros(self.step, max_width, self.width, dtype=self.dtype)

    def blocks(self, n_words: int) -> Iterator[tuple[int, int]]:
        """Yield the first word of each block and one past the last."""
        for first in range(0, n_words, self.step):
            yield first, min(first + self.step, n_words)

    def block(self, first: int, end: int) -> Tensor:
        """Compute the sums of the spans that begin at the words of a block.

        The number of words is rounded up (see `linear.round_up_rows`); the additional rows still
        hold sums of an earlier block.

        first, end (int): The first word and one past the last, at most `step` words.
        RETURNS (Tensor): Overwritten by the next block. # (N * K, H), N at least end - first
        """
        size = end - first
        starts, ends = self.starts[first:end, None], self.windows[first:end]
        torch.add(starts, ends, out=self.sums[:size]).relu_()
        return self.sums[: -(-size // WORD_MULTIPLE) * WORD_MULTIPLE].flatten(0, 1)

    def of_spans(self, spans: Tensor) -> Tensor:
        """Compute the sums of some spans, and of a few others that round up their number.

        spans (Tensor): Span indices: K times the first word, plus width less 1. # (N,)
        RETURNS (Tensor): # (N or more, H)
        """
        spans = F.pad(spans, (0, round_up_rows(len(spans)) - len(spans)))
        first, more = spans // self.max_width, spans % self.max_width
        return pick(self.starts, first).add_(pick(self.ends, first + more)).relu_()


def pack_rows(words: Tensor, counts: list[int], n_beyond: int) -> Tensor:
    """Concatenate the words of rows, followed by zeros.

    words (Tensor): # (B, W, D)
    counts (list[int]): Number of words in each row.
    n_beyond (int): Minimum number of zero vectors after the last word.
    RETURNS (Tensor): # (T, D)
    """
    n_zeros = round_up_rows(sum(counts) + n_beyond) - sum(counts)
    rows = [row[:count] for row, count in zip(words, counts, strict=True)]
    return torch.cat([*rows, words.new_zeros(n_zeros, words.size(-1))])
