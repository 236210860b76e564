"""Sums of span starts and ends, block by block."""

import pytest
import torch

from spacy_gliner_biomed.nn import span_sums
from spacy_gliner_biomed.nn.span_sums import SpanSums, pack_rows

N_WORDS, MAX_WIDTH, WIDTH = 21, 4, 6


def make() -> tuple[SpanSums, torch.Tensor]:
    """Sums, and what they have to be. # (T, K, H)"""
    torch.manual_seed(0)
    starts, ends = torch.randn(2, N_WORDS + MAX_WIDTH, WIDTH)
    whole = torch.stack([starts[:N_WORDS] + ends[k : k + N_WORDS] for k in range(MAX_WIDTH)], 1)
    return SpanSums(starts, ends, MAX_WIDTH), whole.relu()


@pytest.mark.parametrize("block", [1, 10 * MAX_WIDTH * WIDTH, 2**20])
def test_blocks_are_all_spans_and_fill_up_products(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(span_sums, "BLOCK", block)
    sums, expected = make()
    for first, end in sums.blocks(N_WORDS):
        found = sums.block(first, end)
        assert len(found) % MAX_WIDTH == 0
        assert len(found) // MAX_WIDTH in {sums.step, -(-(end - first) // 8) * 8}
        found = found.unflatten(0, (-1, MAX_WIDTH))[: end - first]
        assert torch.equal(found, expected[first:end])
    assert [*range(N_WORDS)] == [t for a, b in sums.blocks(N_WORDS) for t in range(a, b)]


def test_some_spans_are_found_by_their_place() -> None:
    sums, expected = make()
    spans = torch.tensor([0, 5, 6, MAX_WIDTH * N_WORDS - 1])
    found = sums.of_spans(spans)
    assert len(found) == 16  # filled up
    assert torch.equal(found[:4], expected.flatten(0, 1)[spans])


def test_rows_are_packed_one_after_the_other_and_filled_up() -> None:
    words = torch.arange(1.0, 13).view(2, 3, 2)
    packed = pack_rows(words, [3, 1], 2)
    assert packed.shape == (16, 2)
    assert torch.equal(packed[:4], torch.cat([words[0], words[1, :1]]))
    assert not packed[4:].any()
