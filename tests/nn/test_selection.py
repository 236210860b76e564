"""Spans of which a logit is above what counts."""

import torch

from spacy_gliner_biomed.nn.selection import SelectedSpans, select_spans


def test_a_span_counts_if_one_of_its_logits_is_above_its_least() -> None:
    torch.manual_seed(0)
    logits, min_logits = torch.randn(3, 5, 2, 4), torch.randn(3, 4)
    found = select_spans(logits, min_logits)
    expected = [
        [row, start, width]
        for row in range(3)
        for start in range(5)
        for width in range(2)
        if any(logits[row, start, width, c] > min_logits[row, c] for c in range(4))
    ]
    assert found.indices.tolist() == expected
    assert torch.equal(found.logits, logits[tuple(found.indices.T)])


def test_what_is_not_a_number_is_selected_and_what_is_minus_infinity_never() -> None:
    logits = torch.full((1, 3, 1, 2), -torch.inf)
    logits[0, 1, 0, 1] = torch.nan
    min_logits = torch.tensor([[-torch.inf, 5.0]])
    assert select_spans(logits, min_logits).indices.tolist() == [[0, 1, 0]]


def test_a_logit_that_equals_the_least_does_not_count() -> None:
    assert not len(select_spans(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1)).indices)


def test_parts_are_joined_in_order() -> None:
    parts = [SelectedSpans(torch.full((n, 3), n), torch.full((n, 2), -n)) for n in (1, 0, 2)]
    joined = SelectedSpans.join(parts)
    assert joined.indices[:, 0].tolist() == [1, 2, 2]
    assert joined.logits[:, 1].tolist() == [-1, -2, -2]
