"""Gradients of span products are those of what they compute, with dropout and without."""

import pytest
import torch

from spacy_gliner_biomed.nn.span_products import SpanProducts

WORDS, WIDTHS, LABELS, HIDDEN = 5, 3, 2, 4


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("shared", [True, False])
def test_gradients_are_those_of_finite_differences(rate: float, shared: bool) -> None:
    generator = torch.Generator().manual_seed(3)
    shapes = [
        (2, WORDS, HIDDEN),
        (2, WORDS, HIDDEN),
        (LABELS, HIDDEN) if shared else (2, LABELS, HIDDEN),
    ]
    inputs = [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in shapes
    ]

    def products(*inputs: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(7)  # drops the same numbers each time
        found: torch.Tensor = SpanProducts.apply(*inputs, WIDTHS, rate)
        return found

    assert torch.autograd.gradcheck(products, inputs)
    # What is dropped is not what is kept: else a mask would not be seen in the gradients.
    kept = SpanProducts.apply(*inputs, WIDTHS, 0.0)
    assert torch.equal(products(*inputs), kept) == (rate == 0)


def test_dropout_keeps_the_mean() -> None:
    generator = torch.Generator().manual_seed(3)
    starts, ends = torch.randn(2, 1, 50, 64, generator=generator)
    queries = torch.rand(1, 64, generator=generator)
    torch.manual_seed(0)
    inside = slice(50 - WIDTHS)  # beyond, numbers may be any
    whole = SpanProducts.apply(starts, ends, queries, WIDTHS, 0.0)[:, inside].mean()
    dropped = SpanProducts.apply(starts, ends, queries, WIDTHS, 0.3)[:, inside].mean()
    assert dropped.item() == pytest.approx(whole.item(), rel=0.05)
