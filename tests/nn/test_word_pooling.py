"""Word vectors from one or all of their subtokens."""

import pytest
import torch

from spacy_gliner_biomed.nn.word_pooling import pool_words, positions_to_read

# Two rows: words of 2, 0 and 3 subtokens, and one word of 1.
POSITIONS = torch.tensor([[4, -1, 6], [2, -1, -1]])
LENGTHS = torch.tensor([[2, 0, 3], [1, 0, 0]])
ALL = [[4, 5, 6, 7, 8], [2, -1, -1, -1, -1]]


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("first", POSITIONS.tolist()),
        ("last", [[5, -1, 8], [2, -1, -1]]),
        ("mean", ALL),
        ("max", ALL),
    ],
)
def test_positions_are_of_one_subtoken_of_a_word_or_of_all(
    pooling: str, expected: list[list[int]]
) -> None:
    assert positions_to_read(POSITIONS, LENGTHS, pooling).tolist() == expected


@pytest.mark.parametrize(
    ("pooling", "reduce"),
    [("mean", lambda x: x.mean(dim=0)), ("max", lambda x: x.amax(dim=0))],
)
def test_subtokens_are_pooled_by_word_with_gradients(pooling: str, reduce: object) -> None:
    torch.manual_seed(0)
    vectors = (torch.randn(2, 5, 4, dtype=torch.float64) - 5).requires_grad_()
    found = pool_words(vectors, LENGTHS, pooling)
    assert callable(reduce)
    expected = torch.zeros(2, 3, 4, dtype=torch.float64)
    words = {(0, 0): slice(0, 2), (0, 2): slice(2, 5), (1, 0): slice(0, 1)}
    for (row, word), subtokens in words.items():
        expected[row, word] = reduce(vectors[row, subtokens])
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found.sum(), vectors)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.sum(), vectors)[0])


@pytest.mark.parametrize("pooling", ["first", "last"])
def test_one_subtoken_is_taken_as_it_is(pooling: str) -> None:
    vectors = torch.randn(2, 3, 4)
    assert pool_words(vectors, LENGTHS, pooling) is vectors


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_rows_without_any_subtoken_are_zero(pooling: str) -> None:
    none = torch.zeros(1, 2, dtype=torch.long)
    positions = positions_to_read(none - 1, none, pooling)
    assert positions.shape == (1, 0)
    assert not pool_words(torch.zeros(1, 0, 4), none, pooling).any()
