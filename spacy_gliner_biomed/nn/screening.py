"""Screen spans against many labels with products in bfloat16 and a bound on their error.

With many labels, nearly all spans are far below every threshold. Products in half precision show
this in half the time. Because the error is bounded, no span is lost. The spans that pass are scored
in full precision.
"""

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.linear import onednn, prepare, product
from spacy_gliner_biomed.nn.precision import has_fast_products
from spacy_gliner_biomed.nn.span_sums import SpanSums

ROUNDOFF = 2.0**-8  # of bfloat16, relative
PASSES = 24  # cost of a screen besides its products, as a number of labels scored exactly
# If more than this share of spans passes, this many batches are not screened.
MAX_PASSING, COOLDOWN = 0.4, 8


class Screen:
    """Labels that all rows share, prepared for screening.

    labels (Tensor): # (C, D)
    weight (Tensor): The last layer of the spans, which is folded into the labels. # (D, H)
    """

    def __init__(self, labels: Tensor, weight: Tensor) -> None:
        self.labels = labels
        self.cooldown = 0
        queries = labels @ weight  # (C, H)
        self.queries, _ = prepare(queries, None, torch.float32)
        self.lengths = queries.norm(dim=-1).clamp_min(1e-30)  # (C,)
        unit = queries / self.lengths[:, None]
        rounded = unit.to(torch.bfloat16)
        self.unit, _ = prepare(rounded, None, torch.bfloat16)
        # A bound by the Cauchy-Schwarz inequality, relative to the span's length: the errors of
        # rounding the span, of rounding the query, and of summing in 32 bits, both here and in
        # full precision.
        of_unit = float((unit - rounded.float()).norm(dim=-1).max())
        self.error = 1.01 * (ROUNDOFF + of_unit + (queries.size(1) + 8) * 2.0**-23)

    def passing(self, sums: SpanSums, min_logits: Tensor, inside: Tensor) -> Tensor:
        """Return the spans that may exceed the minimum logit of a label.

        sums (SpanSums): The spans, in 32 bits.
        min_logits (Tensor): The minimum logits, less the last bias's share. # (C,)
        inside (Tensor): Which spans end within their row. # (T, K)
        RETURNS (Tensor): Span indices, ascending: K times the first word, plus width less 1. # (N,)
        """
        missing = min_logits / self.lengths
        # The bias is in 16 bits: add what rounding it may change.
        bias = (missing.abs() * (2 * ROUNDOFF) - missing).to(torch.bfloat16)
        rounded = torch.zeros(sums.sums.shape, dtype=torch.bfloat16).flatten(0, 1)
        passing = torch.empty_like(inside)
        for first, end in sums.blocks(len(inside)):
            spans = sums.block(first, end)  # (N * K, H)
            halves = rounded[: len(spans)].copy_(spans)
            best = product(halves, self.unit, bias).amax(dim=-1)  # (N * K,)
            short = best < torch.linalg.vector_norm(spans, dim=-1).mul_(-self.error)
            # NaN is not `short`: it passes, and the exact scores show it.
            passing[first:end] = ~short.unflatten(0, (-1, sums.max_width))[: end - first]
        indices = passing.logical_and_(inside).flatten().nonzero()[:, 0]
        self.cooldown = COOLDOWN if len(indices) > MAX_PASSING * inside.numel() else 0
        return indices

    def should_screen(self) -> bool:
        """Return whether to screen the next batch; False for a while after most spans passed."""
        self.cooldown -= 1
        return self.cooldown < 0


def screening_pays(labels: Tensor, dtype: torch.dtype, width: int) -> bool:
    """Return whether screening is faster than computing all logits.

    labels (Tensor): Label vectors; only shared ones can be screened. # (B, C, D) or (C, D)
    dtype (torch.dtype): The type of the span sums.
    width (int): D.
    RETURNS (bool): Whether screening is faster.
    """
    if labels.dim() != 2 or dtype != torch.float32 or not _halves_are_fast(labels.device):
        return False
    n_labels = len(labels)  # operations per span, divided by D: folded 8C, unfolded 8D + 2C
    return 4 * n_labels + 8 * PASSES < min(8 * n_labels, 8 * width + 2 * n_labels)


def _halves_are_fast(device: torch.device) -> bool:
    return onednn(torch.bfloat16) is not None and has_fast_products(torch.bfloat16, device)
