"""Padded rows as one run of subtokens without padding, on which all dense layers work."""

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
    """Equally long rows that follow each other: attention works on them together.

    rows, length (int): How many, and their subtokens.
    mask (Tensor | None): True for subtokens, if the rows are padded. # (rows, 1, 1, length)
    """

    rows: int
    length: int
    mask: Tensor | None = None

    @property
    def size(self) -> int:
        """Subtokens of all its rows."""
        return self.rows * self.length


@dataclass(frozen=True)
class Packing:
    """Where the subtokens of padded rows are once they follow each other, T in all.

    shape (tuple[int, int]): Of the padded rows. # B, S
    runs (list[Run]): In order; on a CPU, an unread run of padding may follow the rows.
    index (Tensor): Place in the padded rows, of each packed subtoken; of padding between rows,
        the place of its row's first. # (T,)
    firsts (Tensor): Place of each row's first packed subtoken. # (B,), or (B + 1,) with padding
    n_true (int): Packed subtokens that are not of the unread run.
    """

    shape: tuple[int, int]
    runs: list[Run]
    index: Tensor
    firsts: Tensor
    n_true: int

    @classmethod
    def of(cls, mask: Tensor, step: int = 1) -> "Packing":
        """Of rows that are padded at their ends. # mask: (B, S)

        On a GPU the padding stays: rows of a batch differ little, and counting costs a wait.

        step (int): Rows keep as much padding as makes their length a multiple of this.
        """
        n_rows, size = mask.shape
        if mask.device.type != "cpu":
            index = torch.arange(n_rows * size, device=mask.device)
            run = Run(n_rows, size, mask.bool()[:, None, None])
            return cls((n_rows, size), [run], index, index[::size], len(index))
        true = mask.long().sum(dim=1)
        lengths = -(-true // step) * step
        columns = torch.arange(int(lengths.max()))
        places = torch.arange(n_rows)[:, None] * size + columns.where(columns < true[:, None], 0)
        index = places[columns < lengths[:, None]]
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
        """Each packed subtoken's place in its row. # (T,)"""
        return self.index % self.shape[1]

    def pack(self, padded: Tensor) -> Tensor:
        """# (B, S, ..) -> (T, ..)"""
        return padded.flatten(0, 1)[self.index]

    def unpack(self, states: Tensor) -> Tensor:
        """Without padding between rows. # (T, H) -> (B, S, H), zeros for padding"""
        n_rows, size = self.shape
        padded = states.new_zeros(n_rows * size, states.size(-1))
        padded = padded.index_copy(0, self.index[: self.n_true], states[: self.n_true])
        return padded.view(n_rows, size, -1)


@dataclass(frozen=True)
class Reading:
    """Which packed subtokens of a `Packing` are read, so many for each row of a run.

    The unread run of padding is read as often as makes R a granular number.

    counts (list[int]): For the rows of each run.
    index (Tensor): Packed subtokens; a row that is read less often repeats one. # (R,)
    slots (Tensor): For each position that was asked for, where in `index` it is. # (B, N)
    """

    counts: list[int]
    index: Tensor
    slots: Tensor

    @classmethod
    def of(cls, packing: Packing, positions: Tensor, step: int = 1) -> "Reading":
        """Of positions in the rows, -1 for none, on a CPU. # positions: (B, N)

        step (int): A row is read so often, or a multiple of it.
        """
        wanted = positions >= 0
        n_wanted, row, counts, by_row = wanted.sum(dim=1).tolist(), 0, [], []
        for run in packing.runs:
            count = max([1, *n_wanted[row : row + run.rows]])
            count = -(-count // step) * step
            counts.append(count)
            by_row += [count] * run.rows
            row += run.rows
        if row > len(positions):  # the unread run fills up this number of rows, too
            filling = _filled(sum(by_row), step) - sum(by_row)
            counts[-1] = by_row[-1] = counts[-1] + filling
        n_slots = torch.tensor(by_row)
        first_slots = (n_slots.cumsum(dim=0) - n_slots)[: len(positions)]
        slots = first_slots[:, None] + wanted.cumsum(dim=1) - 1  # (B, N)
        index = packing.firsts.repeat_interleave(n_slots)
        places = packing.firsts[: len(positions), None] + positions
        index[slots[wanted]] = places[wanted]
        return cls(counts, index, slots.clamp(min=0))

    def sizes(self, packing: Packing) -> list[int]:
        """Packed subtokens that are read of each run."""
        return [run.rows * count for run, count in zip(packing.runs, self.counts, strict=True)]

    def places(self, packing: Packing) -> list[Tensor]:
        """For each run, which places of its rows are read. # (rows, count) each"""
        places, first = [], 0
        parts = self.index.split(self.sizes(packing))
        for run, part in zip(packing.runs, parts, strict=True):
            firsts = torch.arange(first, first + run.size, run.length)
            places.append(part.view(run.rows, -1) - firsts[:, None])
            first += run.size
        return places


def _filled(count: int, step: int) -> int:
    """Subtokens of all rows and an unread run; with steps there always is one, and few numbers."""
    return round_up_rows(count) if step == 1 else round_up_rows(count + 1, COARSE)


def _runs(lengths: Sequence[int], true: Tensor) -> Iterator[Run]:
    row, padded = 0, sum(lengths) > int(true.sum())
    for length, rows in groupby(lengths):
        end, max_rows = row + len(list(rows)), max(1, MAX_SCORES // length**2)
        while row < end:
            first, row = row, row + 2 ** (min(max_rows, end - row).bit_length() - 1)
            yield Run(row - first, length, _mask(true[first:row], length) if padded else None)


def _mask(true: Tensor, length: int) -> Tensor | None:
    """True for the subtokens of rows of one length; None if all are. # (rows, 1, 1, length)"""
    inside = torch.arange(length) < true[:, None]
    return None if bool(inside.all()) else inside[:, None, None]
