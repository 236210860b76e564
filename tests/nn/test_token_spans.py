"""The spans that token logits show, against a plain search."""

import pytest
import torch
from torch import Tensor

from spacy_gliner_biomed.nn.token_spans import found_spans


def search(
    logits: Tensor, minima: Tensor, n_words: list[int]
) -> dict[tuple[int, ...], list[float]]:
    """Row, first word and width less 1 of each span, and its smallest logit for each label."""
    found: dict[tuple[int, ...], list[float]] = {}
    for row, count in enumerate(n_words):
        for first in range(count):
            for last in range(first, count):
                inside = logits[row, first : last + 1, :, 2].amin(dim=0)
                ends = torch.minimum(logits[row, first, :, 0], logits[row, last, :, 1])
                smallest = torch.minimum(inside, ends)
                shown = smallest > minima[min(row, len(minima) - 1)]
                if shown.any():
                    scores = smallest.where(shown, float("-inf"))
                    found[row, first, last - first] = scores.tolist()
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shared", [True, False])
def test_spans_are_those_of_a_plain_search(seed: int, shared: bool) -> None:
    torch.manual_seed(seed)
    n_words = [9, 1, 6]
    logits = torch.randn(3, 9, 4, 3) + 0.6
    minima = torch.randn(1 if shared else 3, 4) / 2
    expected = search(logits, minima, n_words)
    indices, smallest = found_spans(logits, minima, torch.tensor(n_words))
    assert len(expected) > 20
    assert list(map(tuple, indices.tolist())) == sorted(expected)
    assert smallest.tolist() == [expected[span] for span in sorted(expected)]


def test_a_logit_that_equals_the_minimum_does_not_count() -> None:
    logits = torch.zeros(1, 2, 1, 3)
    indices, smallest = found_spans(logits, torch.zeros(1, 1), torch.tensor([2]))
    assert indices.shape == (0, 3)
    assert smallest.shape == (0, 1)
