"""Rows to tensors: padded index arrays, one copy to the device each."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from spacy_gliner_biomed.nn.networks import RowBatch
from spacy_gliner_biomed.types import IntArray, Row


def collate_rows(rows: Sequence[Row], *, pad_id: int, device: torch.device) -> RowBatch:
    """Pad rows to one length.

    rows (Sequence[Row]): At least one, each of at least one word.
    pad_id (int): Fills `input_ids`.
    device (torch.device): Where the tensors go; the word counts stay on the CPU.
    """
    ids = pad_arrays([row.input_ids for row in rows], pad_id)
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(ids.shape[1]) < lengths[:, None]
    return RowBatch(
        input_ids=_to(ids, device),
        attention_mask=_to(mask.astype(np.int64), device),
        word_positions=_to(pad_arrays([row.word_positions for row in rows], -1), device),
        label_positions=_to(pad_arrays([row.label_positions for row in rows], -1), device),
        n_words=torch.tensor([len(row.word_positions) for row in rows]),
    )


def pad_arrays(arrays: Sequence[IntArray], value: int) -> IntArray:
    """Stack arrays of different length. # (B, longest)"""
    padded = np.full((len(arrays), max(map(len, arrays))), value, dtype=np.int32)
    for line, array in zip(padded, arrays, strict=True):
        line[: len(array)] = array
    return padded


def _to(array: IntArray, device: torch.device) -> Tensor:
    return torch.from_numpy(array.astype(np.int64)).to(device, non_blocking=True)
