"""Attention in 16 bits: the same averages whatever the scores, and nothing that is no number."""

import pytest
import torch

from spacy_gliner_biomed.nn.encoders.attention import softmax_parts, weigh


@pytest.mark.parametrize("shift", [0.0, 60.0, -60.0, 200.0, -200.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_shift_of_all_scores_changes_nothing(shift: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    scores = (4 * torch.randn(2, 3, 7, 7)).round() + shift
    expected = scores.softmax(dim=-1)
    with torch.inference_mode():
        weights, sums = softmax_parts(scores.to(dtype))
        found = weights.float() / sums.float()
    torch.testing.assert_close(found, expected, atol=0.0, rtol=0.01)


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
    torch.testing.assert_close(found, value)
