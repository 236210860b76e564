"""Attention in 16 bits: the same averages whatever the scores, and nothing that is no number."""

import pytest
import torch

from spacy_gliner_biomed.nn.encoders.attention import (
    attend_in_16_bits,
    softmax_parts,
    weigh,
)
from spacy_gliner_biomed.nn.encoders.packing import Run


@pytest.mark.parametrize("shift", [0.0, 60.0, -60.0, 200.0, -200.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_shift_of_all_scores_changes_nothing(shift: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    scores = (4 * torch.randn(2, 3, 7, 7)).round() + shift
    expected = scores.softmax(dim=-1)
    with torch.inference_mode():
        weights, sums = softmax_parts(scores.to(dtype, copy=True))
        found = weights.float() / sums.float()
    torch.testing.assert_close(found, expected, atol=0.0, rtol=0.01)


@pytest.mark.parametrize("shift", [0.0, 90.0, -90.0, 200.0, -200.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_scores_may_be_exponents_of_two(shift: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    scores = (4 * torch.randn(2, 3, 7, 7)).round() + shift
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp2()
    expected = powers / powers.sum(dim=-1, keepdim=True)
    with torch.inference_mode():
        weights, sums = softmax_parts(scores.to(dtype), base_2=True)
        found = weights.float() / sums.float()
    torch.testing.assert_close(found, expected, atol=0.0, rtol=0.01)


def test_runs_of_16_bits_attend_as_those_of_32() -> None:
    torch.manual_seed(0)
    runs = [Run(1, 6), Run(3, 2), Run(2, 1), Run(1, 9)]
    sizes = [run.size for run in runs]
    parts = torch.randn(3, sum(sizes), 8).bfloat16()
    with torch.inference_mode():
        found = attend_in_16_bits(*parts, runs, n_heads=2, scale=0.5)
    expected = []
    for run, of_run in zip(runs, parts.float().split(sizes, dim=1), strict=True):
        heads = [part.view(run.rows, -1, 2, 4).transpose(1, 2) for part in of_run]
        context = torch.nn.functional.scaled_dot_product_attention(*heads, scale=0.5)
        expected.append(context.transpose(1, 2).reshape(-1, 8))
    torch.testing.assert_close(found.float(), torch.cat(expected), atol=0.02, rtol=0.02)


def test_masked_scores_weigh_nothing() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 5, 8).bfloat16()
    mask = torch.tensor([True, True, True, False, False])[None, None, None]
    with torch.inference_mode():
        found = weigh(query, key, value, bias=mask, scale=0.3, dropout=0.0)
        short = key[..., :3, :], value[..., :3, :]
        expected = weigh(query, *short, bias=None, scale=0.3, dropout=0.0)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.02)


def test_large_scores_and_values_do_not_overflow() -> None:
    """exp of these is still a number, but not with a value in the same product."""
    query = key = torch.full((1, 1, 4, 1), 9.2, dtype=torch.bfloat16)
    value = torch.full((1, 1, 4, 1), 1e4, dtype=torch.bfloat16)
    with torch.inference_mode():
        assert (query @ key.transpose(-1, -2)).exp().sum().isfinite()
        found = weigh(query, key, value, bias=None, scale=1.0, dropout=0.0)
        rows = (part[0, 0] for part in (query, key, value))
        in_runs = attend_in_16_bits(*rows, [Run(1, 4)], n_heads=1, scale=1.0)
    torch.testing.assert_close(found, value)
    torch.testing.assert_close(in_runs, value[0, 0])
