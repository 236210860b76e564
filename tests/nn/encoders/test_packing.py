"""Padded rows become one sequence of subtokens; their states are found again."""

import torch

from spacy_gliner_biomed.nn.encoders import packing as module
from spacy_gliner_biomed.nn.encoders.packing import Packing, Run


def mask(*lengths: int) -> torch.Tensor:
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()


def test_equally_long_neighbours_are_one_run_and_the_rest_fills_a_multiple() -> None:
    packing = Packing.of(mask(5, 5, 3, 5))
    assert packing.runs == [Run(2, 5), Run(1, 3), Run(1, 5), Run(1, 14)]
    assert (packing.n_true, sum(packing.sizes)) == (18, 32)
    assert packing.firsts.tolist() == [0, 5, 10, 13, 18]


def test_a_full_multiple_needs_no_filling() -> None:
    assert Packing.of(mask(16)).runs == [Run(1, 16)]


def test_many_long_rows_are_several_runs() -> None:
    rows = 2 * (module.MAX_SCORES // 100**2) + 1
    runs = Packing.of(mask(*[100] * rows)).runs
    assert sum(run.rows for run in runs if run.length == 100) == rows
    assert all(run.rows * run.length**2 <= module.MAX_SCORES for run in runs)


def test_rows_keep_padding_up_to_a_step_and_it_is_masked() -> None:
    padded = torch.arange(1.0, 16).view(3, 5)
    packing = Packing.of(mask(5, 4, 2), step=4)
    assert [(run.rows, run.length) for run in packing.runs] == [(1, 8), (2, 4), (1, 16)]
    five, others, unread = (run.mask for run in packing.runs)
    assert unread is None
    assert five is not None
    assert others is not None
    assert five.flatten(1).tolist() == [[True] * 5 + [False] * 3]
    assert others.flatten(1).tolist() == [[True] * 4, [True, True, False, False]]
    packed = packing.pack(padded)
    assert packed[:16].tolist() == [1, 2, 3, 4, 5, 1, 1, 1, 6, 7, 8, 9, 11, 12, 11, 11]
    assert packed[packing.locate(torch.tensor([[4], [0], [1]]))].tolist() == [[5], [6], [12]]


def test_packing_and_unpacking_give_the_rows_back_without_what_was_in_the_padding() -> None:
    padded = torch.arange(1.0, 16).view(3, 5)
    packing = Packing.of(mask(5, 2, 4))
    packed = packing.pack(padded)
    assert packed[: packing.n_true].tolist() == [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14]
    assert packing.columns[: packing.n_true].tolist() == [0, 1, 2, 3, 4, 0, 1, 0, 1, 2, 3]
    found = packing.unpack(packed[:, None])[..., 0]
    assert torch.equal(found, padded * mask(5, 2, 4))


def test_positions_of_rows_are_located_among_the_packed_subtokens() -> None:
    packing = Packing.of(mask(5, 5, 4))
    positions = torch.tensor([[4, -1, 0], [-1, 2, -1], [3, 1, 0]])
    assert packing.locate(positions).tolist() == [[4, 0, 0], [5, 7, 5], [13, 11, 10]]
