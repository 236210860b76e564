"""Dropout drops what it says, and keeps the mean."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.nn.dropout import Dropout, drop


@given(st.sampled_from([0.01, 0.1, 0.5, 0.9]), st.sampled_from([torch.float32, torch.bfloat16]))
def test_the_share_of_zeros_is_the_rate(rate: float, dtype: torch.dtype) -> None:
    dropped = drop(torch.ones(501, 401, dtype=dtype), rate)
    assert dropped.dtype == dtype
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert sorted(dropped.unique().tolist()) == pytest.approx([0.0, 1 / (1 - rate)], rel=0.02)


def test_a_small_rate_is_not_rounded_away() -> None:
    dropped = drop(torch.ones(1000, 1000), 0.001)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.001, rel=0.2)


def test_neighbours_are_dropped_independently() -> None:
    zeros = (drop(torch.ones(100_000), 0.5) == 0).float()
    for distance in (1, 2, 3, 4, 8):
        both = (zeros[distance:] * zeros[:-distance]).mean().item()
        assert both == pytest.approx(0.25, abs=0.01)


def test_gradients_are_those_of_what_was_kept() -> None:
    x = torch.randn(7, 5, requires_grad=True)
    y = drop(x, 0.4)
    y.sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x.detach(), y.detach())
    assert 0 < (x.grad == 0).sum() < x.numel()


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_all_and_nothing(rate: float, expected: float) -> None:
    assert torch.equal(drop(torch.ones(9), rate), torch.full((9,), expected))


def test_a_seed_repeats_it_and_evaluation_has_none() -> None:
    layer, x = Dropout(0.5), torch.ones(64)
    torch.manual_seed(3)
    first = layer(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), first)
    assert layer.eval()(x) is x


@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=rf"GB-E030.*dropout.*{rate}"):
        drop(torch.ones(9), rate)
