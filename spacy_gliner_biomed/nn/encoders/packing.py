"""Pack padded rows into one sequence of subtokens, the input of all dense layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.linear import round_up_rows

# Attention processes rows of equal length together, up to this many scores per head: from 128
# subtokens on, a single row. With more scores, mapping new memory costs more than the calls save.
# The number of rows is a power of two, because oneDNN compiles and caches a kernel for each number.
MAX_SCORES = 2**15 - 1

COARSE = 4  # with a step: 8 sizes per doubling, see `round_up_rows`


@dataclass(frozen=True)
class Run:
    """Consecutive rows of equal length, which attention processes together.

    rows, length (int): The number of rows, and the number of subtokens in each.
    mask (Tensor | None): True for subtokens and False for padding; None if there is no padding.
        # (rows, 1, 1, length)
    """

    rows: int
    length: int
    mask: Tensor | None = None

    @property
    def size(self) -> int:
        """The number of subtokens in all rows."""
        return self.rows * self.length


@dataclass(frozen=True)
class Packing:
    """The positions of T packed subtokens in their padded rows.

    shape (tuple[int, int]): The shape of the padded rows. # B, S
    runs (list[Run]): The runs in order. On a CPU, a run of unused padding may follow the rows.
    index (Tensor): Index of each packed subtoken in the flattened padded rows; padding within a row
        has the index of the row's first subtoken. # (T,)
    firsts (Tensor): Index of each row's first packed subtoken. # (B,), or (B + 1,) with a run of
        padding
    n_true (int): Number of packed subtokens without the run of padding.
    """

    shape: tuple[int, int]
    runs: list[Run]
    index: Tensor
    firsts: Tensor
    n_true: int

    @classmethod
    def of(cls, mask: Tensor, step: int = 1) -> "Packing":
        """Pack rows that are padded at their ends.

        On a GPU, the padding stays: the rows of a batch are similar in length, and counting
        subtokens would wait for the device.

        mask (Tensor): 1 for subtokens, then 0 for padding. # (B, S)
        step (int): Rows are padded to a multiple of this length.
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
        """The number of packed subtokens in each run."""
        return [run.size for run in self.runs]

    @property
    def longest(self) -> int:
        """The number of subtokens in the longest row."""
        return max(run.length for run in self.runs)

    @property
    def columns(self) -> Tensor:
        """The column of each packed subtoken. # (T,)"""
        return self.index % self.shape[1]

    def pack(self, padded: Tensor) -> Tensor:
        """Pack padded rows. # (B, S, ..) -> (T, ..)"""
        return padded.flatten(0, 1)[self.index]

    def locate(self, positions: Tensor) -> Tensor:
        """Convert positions in rows to indices of packed subtokens.

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
    """Round up the number of subtokens; with a step, always add at least one."""
    return round_up_rows(count) if step == 1 else round_up_rows(count + 1, COARSE)


def _runs(lengths: Sequence[int], true: Tensor) -> Iterator[Run]:
    row, padded = 0, sum(lengths) > int(true.sum())
    for length, rows in groupby(lengths):
        end, max_rows = row + len(list(rows)), max(1, MAX_SCORES // length**2)
        while row < end:
            first, row = row, row + 2 ** (min(max_rows, end - row).bit_length() - 1)
            yield Run(row - first, length, _mask(true[first:row], length) if padded else None)


def _mask(true: Tensor, length: int) -> Tensor | None:
    """Return the mask of a run, or None if it has no padding. # (rows, 1, 1, length)"""
    inside = torch.arange(length) < true[:, None]
    return None if bool(inside.all()) else inside[:, None, None]
