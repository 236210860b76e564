"""Pack padded rows into one sequence of subtokens, on which all dense layers work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.linear import round_up_rows

# Attention takes equally long rows together up to so many scores a head, which is one row from
# 128 subtokens on: memory that is fresh from the kernel costs more than the calls. And 1, 2, 4..
# rows: each number of them is a product of its own, which oneDNN prepares and keeps.
MAX_SCORES = 2**15 - 1

COARSE = 4  # 8 numbers of subtokens an octave, where rows have steps


@dataclass(frozen=True)
class Run:
    """Consecutive rows of equal length, which attention processes together.

    rows, length (int): The number of rows, and the subtokens of each.
    mask (Tensor | None): True for subtokens, if the rows are padded. # (rows, 1, 1, length)
    """

    rows: int
    length: int
    mask: Tensor | None = None

    @property
    def size(self) -> int:
        """Subtokens of all rows."""
        return self.rows * self.length


@dataclass(frozen=True)
class Packing:
    """Where the subtokens of padded rows are once they follow each other, T in all.

    shape (tuple[int, int]): Rows and columns of the padded rows. # B, S
    runs (list[Run]): In order; on a CPU, an unread run of padding may follow the rows.
    index (Tensor): Index of each packed subtoken among the padded ones; padding between rows has
        the index of its row's first subtoken. # (T,)
    firsts (Tensor): Index of each row's first packed subtoken. # (B,), or (B + 1,) with padding
    n_true (int): Packed subtokens before the unread run.
    """

    shape: tuple[int, int]
    runs: list[Run]
    index: Tensor
    firsts: Tensor
    n_true: int

    @classmethod
    def of(cls, mask: Tensor, step: int = 1) -> "Packing":
        """Pack rows that are padded at their ends.

        On a GPU the padding stays: the rows of a batch differ little in length, and counting
        subtokens would wait for the device.

        mask (Tensor): 1 for subtokens, then 0 for padding. # (B, S)
        step (int): Rows keep as much padding as makes their length a multiple of this.
        RETURNS (Packing): The packing.
        """
        n_rows, size = mask.shape
        if mask.device.type != "cpu":
            index = torch.arange(n_rows * size, device=mask.device)
            run = Run(n_rows, size, mask.bool()[:, None, None])
            return cls((n_rows, size), [run], index, index[::size], len(index))
        true = mask.long().sum(dim=1)
        lengths = -(-true // step) * step
        columns = torch.arange(int(lengths.max()))
        padded = torch.arange(n_rows)[:, None] * size + columns.where(columns < true[:, None], 0)
        index = padded[columns < lengths[:, None]]
        runs = list(_runs(lengths.tolist(), true))
        n_true, firsts = len(index), lengths.cumsum(dim=0) - lengths
        spare = _filled(n_true, step) - n_true
        if spare:
            runs.append(Run(1, spare))
            index = torch.cat([index, index.new_zeros(spare)])
            firsts = torch.cat([firsts, firsts.new_tensor([n_true])])
        return cls((n_rows, size), runs, index, firsts, n_true)

    @property
    def sizes(self) -> list[int]:
        """Packed subtokens of each run."""
        return [run.size for run in self.runs]

    @property
    def longest(self) -> int:
        """Subtokens of the longest row."""
        return max(run.length for run in self.runs)

    @property
    def columns(self) -> Tensor:
        """The column of each packed subtoken. # (T,)"""
        return self.index % self.shape[1]

    def pack(self, padded: Tensor) -> Tensor:
        """Pack padded rows. # (B, S, ..) -> (T, ..)"""
        return padded.flatten(0, 1)[self.index]

    def locate(self, positions: Tensor) -> Tensor:
        """Return where positions of rows are among the packed subtokens.

        positions (Tensor): Index into each row; -1 gives the row's first subtoken. # (B, N)
        RETURNS (Tensor): # (B, N)
        """
        return self.firsts[: len(positions), None] + positions.clamp(min=0)

    def unpack(self, states: Tensor) -> Tensor:
        """Undo `pack`, with zeros for padding. # (T, H) -> (B, S, H)"""
        n_rows, size = self.shape
        padded = states.new_zeros(n_rows * size, states.size(-1))
        padded = padded.index_copy(0, self.index[: self.n_true], states[: self.n_true])
        return padded.view(n_rows, size, -1)


def _filled(count: int, step: int) -> int:
    """Return the number of subtokens with an unread run; with steps there is always such a run."""
    return round_up_rows(count) if step == 1 else round_up_rows(count + 1, COARSE)


def _runs(lengths: Sequence[int], true: Tensor) -> Iterator[Run]:
    row, padded = 0, sum(lengths) > int(true.sum())
    for length, rows in groupby(lengths):
        end, max_rows = row + len(list(rows)), max(1, MAX_SCORES // length**2)
        while row < end:
            first, row = row, row + 2 ** (min(max_rows, end - row).bit_length() - 1)
            yield Run(row - first, length, _mask(true[first:row], length) if padded else None)


def _mask(true: Tensor, length: int) -> Tensor | None:
    """Return True for the subtokens of rows; None if all are. # (rows, 1, 1, length)"""
    inside = torch.arange(length) < true[:, None]
    return None if bool(inside.all()) else inside[:, None, None]
