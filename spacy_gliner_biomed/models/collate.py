"""Turn rows into padded tensors, with one copy to the device each, and spans back into rows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spacy_gliner_biomed.nn.networks import RowBatch
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.types import IntArray, Row, SpanLogits

# In training, numbers of words and of labels are multiples of these: few shapes, for each of
# which oneDNN prepares its products and the LSTM once (see `nn.encoders.blocks.LENGTH_STEP`).
WORD_STEP, LABEL_STEP = 16, 4


def collate_rows(
    rows: Sequence[Row], *, pad_id: int, device: torch.device, training: bool = False
) -> RowBatch:
    """Pad rows to one length.

    rows (Sequence[Row]): At least one, each of at least one word.
    pad_id (int): Fills `input_ids`.
    device (torch.device): Where the tensors go; the word counts stay on the CPU.
    training (bool): Also pad words and labels, to few different lengths.
    RETURNS (RowBatch): The padded rows.
    """
    word_step, label_step = (WORD_STEP, LABEL_STEP) if training else (1, 1)
    ids = pad_arrays([row.input_ids for row in rows], pad_id)
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(ids.shape[1]) < lengths[:, None]
    words = [row.word_positions for row in rows]
    labels = [row.label_positions for row in rows]
    return RowBatch(
        input_ids=_to(ids, device),
        attention_mask=_to(mask.astype(np.int64), device),
        word_positions=_to(pad_arrays(words, -1, word_step), device),
        label_positions=_to(pad_arrays(labels, -1, label_step), device),
        n_words=torch.tensor(list(map(len, words))),
    )


def pad_arrays(arrays: Sequence[NDArray[Any]], value: float, step: int = 1) -> NDArray[Any]:
    """Stack arrays of different lengths and one type.

    arrays (Sequence[NDArray]): At least one.
    value (float): Fills the ends.
    step (int): The padded length is a multiple of this.
    RETURNS (NDArray): # (B, longest)
    """
    longest = -(-max(map(len, arrays)) // step) * step
    padded = np.full((len(arrays), longest), value, dtype=arrays[0].dtype)
    for line, array in zip(padded, arrays, strict=True):
        line[: len(array)] = array
    return padded


def spans_by_row(spans: SelectedSpans, rows: Sequence[Row]) -> list[SpanLogits]:
    """Split selected spans into rows, each with the logits of its own labels.

    spans (SelectedSpans): Of all rows.
    rows (Sequence[Row]): The rows, in order.
    RETURNS (list[SpanLogits]): The spans of each row.
    """
    row, starts, widths = spans.indices.cpu().numpy().T.astype(np.int32)
    logits = spans.logits.float().cpu().numpy()
    borders = np.searchsorted(row, np.arange(len(rows) + 1))
    return [
        SpanLogits(starts[a:b], starts[a:b] + widths[a:b] + 1, logits[a:b, : len(line.prompts)])
        for line, (a, b) in zip(rows, pairwise(borders.tolist()), strict=True)
    ]


def _to(array: IntArray, device: torch.device) -> Tensor:
    return torch.from_numpy(array.astype(np.int64)).to(device, non_blocking=True)
