"""The spans that a token model finds: a start, an end, and no gap between them."""

import torch
from torch import Tensor


def found_spans(logits: Tensor, min_logits: Tensor, n_words: Tensor) -> tuple[Tensor, Tensor]:
    """Find the spans of which start, end and all insides exceed a label's minimum.

    logits (Tensor): Start, end and inside of each word and label. # (B, W, C, 3)
    min_logits (Tensor): For each row, or shared. # (B, C) or (1, C)
    n_words (Tensor): Words in each row, on the CPU. # (B,)
    RETURNS (tuple[Tensor, Tensor]): Row, first word, and width less 1, each span once and in
        order; and the smallest of its logits, minus infinity for labels that do not find it.
        # (N, 3), (N, C)
    """
    n_rows, size, n_labels, _ = logits.shape
    words = torch.arange(size, device=logits.device)
    outside = words >= n_words.to(logits.device)[:, None]  # (B, W)
    logits = logits.masked_fill(outside[..., None, None], float("-inf"))
    lines = logits.permute(3, 0, 2, 1).flatten(1, 2)  # (3, B * C, W): a line for each label
    minimum = min_logits.expand(n_rows, -1).flatten()[:, None]  # (B * C, 1)
    first, last = _pairs(lines > minimum)  # (T,) each, into B * C * W
    starts, ends, _ = lines.flatten(1)
    inside = _range_minimum(lines[2], first, last)
    smallest = torch.minimum(torch.minimum(starts[first], ends[last]), inside)  # (T,)
    line, word = first // size, first % size
    row, label = line // n_labels, line % n_labels
    spans, index = torch.unique((row * size + word) * size + last - first, return_inverse=True)
    indices = torch.stack([spans // size**2, spans // size % size, spans % size], dim=1)
    of_labels = logits.new_full((len(spans), n_labels), float("-inf"))
    of_labels[index, label] = smallest
    return indices, of_labels


def _pairs(above: Tensor) -> tuple[Tensor, Tensor]:
    """Pair each start with the ends that follow it before a gap.

    above (Tensor): Which starts, ends and insides count. # (3, L, W)
    RETURNS (tuple[Tensor, Tensor]): Both as index into all L * W words. # (T,), (T,)
    """
    _, n_lines, size = above.shape
    index = torch.arange(n_lines * size, device=above.device).view(n_lines, size)
    line_end = torch.arange(1, n_lines + 1, device=above.device)[:, None] * size
    gaps = index.where(~above[2], line_end)
    next_gap = gaps.flip(1).cummin(dim=1).values.flip(1).flatten()  # at or after each word
    starts, ends = (part.flatten().nonzero()[:, 0] for part in above[:2])
    begin = torch.searchsorted(ends, starts)
    counts = torch.searchsorted(ends, next_gap[starts]) - begin
    which = torch.arange(len(starts), device=above.device).repeat_interleave(counts)
    before = counts.cumsum(dim=0) - counts
    within = torch.arange(len(which), device=above.device) - before[which]
    return starts[which], ends[begin[which] + within]


def _range_minimum(lines: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Return the minimum of each range, from a table of the minima of 1, 2, 4, ... neighbours.

    lines (Tensor): # (L, W)
    first, last (Tensor): Into all L * W; both ends belong to the range. # (T,)
    RETURNS (Tensor): # (T,)
    """
    table, step = [lines.flatten()], 1
    while 2 * step <= lines.size(1):
        finer = table[-1]
        table.append(torch.cat([torch.minimum(finer[:-step], finer[step:]), finer[-step:]]))
        step *= 2
    level = torch.frexp((last - first + 1).double()).exponent.long() - 1
    minima = torch.stack(table)  # (levels, L * W)
    return torch.minimum(minima[level, first], minima[level, last + 1 - 2**level])
