"""Turn rows into padded tensors, and split selected spans into rows again."""

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spacy_gliner_biomed.nn.network_base import RowBatch
from spacy_gliner_biomed.nn.relation_scoring import ScoredPairs, SelectedPairs
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.types import (
    FloatArray,
    IntArray,
    PairLogits,
    RelatedLogits,
    Row,
    SpanLogits,
    SpanPairs,
)

# In training, the numbers of words and of labels are padded to multiples of these. oneDNN then has
# few shapes to compile kernels for (see `nn.encoders.blocks.LENGTH_STEP`).
WORD_STEP, LABEL_STEP = 16, 4


def collate_rows(
    rows: Sequence[Row], *, pad_id: int, device: torch.device, training: bool = False
) -> RowBatch:
    """Pad rows to equal length.

    rows (Sequence[Row]): At least one row, each with at least one word.
    pad_id (int): The id that fills `input_ids`.
    device (torch.device): The device of the tensors; the word counts stay on the CPU.
    training (bool): Also pad words and labels to a few different lengths.
    RETURNS (RowBatch): The padded rows.
    """
    word_step, label_step = (WORD_STEP, LABEL_STEP) if training else (1, 1)
    ids = pad_arrays([row.input_ids for row in rows], pad_id)
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(ids.shape[1]) < lengths[:, None]
    words = [row.word_positions for row in rows]
    word_lengths = [row.word_lengths for row in rows]
    labels = [row.label_positions for row in rows]
    relations = [row.relation_positions for row in rows if row.relation_positions is not None]
    return RowBatch(
        input_ids=_to(ids, device),
        attention_mask=_to(mask.astype(np.int64), device),
        word_positions=_to(pad_arrays(words, -1, word_step), device),
        word_lengths=_to(pad_arrays(word_lengths, 0, word_step), device),
        label_positions=_to(pad_arrays(labels, -1, label_step), device),
        n_words=torch.tensor(list(map(len, words))),
        n_labels=torch.tensor([len(row.prompts) for row in rows]),
        relation_positions=_to(pad_arrays(relations, -1), device) if relations else None,
    )


def pad_arrays(arrays: Sequence[NDArray[Any]], value: float, step: int = 1) -> NDArray[Any]:
    """Pad arrays of one type to equal length, and stack them.

    arrays (Sequence[NDArray]): At least one array.
    value (float): The value to pad with.
    step (int): The padded length is a multiple of this.
    RETURNS (NDArray): # (B, longest)
    """
    longest = -(-max(map(len, arrays)) // step) * step
    padded = np.full((len(arrays), longest), value, dtype=arrays[0].dtype)
    for line, array in zip(padded, arrays, strict=True):
        line[: len(array)] = array
    return padded


def logits_by_row(logits: FloatArray, rows: Sequence[Row], *, tokens: bool) -> list[FloatArray]:
    """Return a view of each row's logits without padding.

    logits (FloatArray): Of spans (B, W, K, C), or of tokens (B, W, C, ..).
    rows (Sequence[Row]): The rows, in order.
    tokens (bool): Whether they are of tokens.
    RETURNS (list[FloatArray]): The views.
    """
    views = []
    for values, row in zip(logits, rows, strict=True):
        labels, view = slice(len(row.prompts)), values[: len(row.word_positions)]
        views.append(view[:, labels] if tokens else view[:, :, labels])
    return views


def pad_gradients(
    gradients: Sequence[FloatArray], shape: Sequence[int], rows: Sequence[Row], *, tokens: bool
) -> Tensor:
    """Return the gradients of rows as a tensor of the shape of their padded logits.

    gradients (Sequence[FloatArray]): Of each row's logits, see `logits_by_row`.
    shape (Sequence[int]): The shape.
    rows, tokens: As for `logits_by_row`.
    RETURNS (Tensor): Zeros for padding.
    """
    padded = torch.zeros(*shape)
    views = logits_by_row(padded.numpy(), rows, tokens=tokens)
    for line, gradient in zip(views, gradients, strict=True):
        line[...] = gradient
    return padded


def spans_by_row(spans: SelectedSpans, rows: Sequence[Row]) -> list[SpanLogits]:
    """Split selected spans by row, and keep the logits of the row's own labels.

    spans (SelectedSpans): The spans of all rows.
    rows (Sequence[Row]): The rows, in order.
    RETURNS (list[SpanLogits]): The spans of each row.
    """
    row, starts, widths = spans.indices.cpu().numpy().T.astype(np.int32)
    logits = spans.logits.float().cpu().numpy()
    tokens = None if spans.token_logits is None else spans.token_logits.float().cpu().numpy()
    borders = np.searchsorted(row, np.arange(len(rows) + 1))
    return [
        SpanLogits(
            starts[a:b],
            starts[a:b] + widths[a:b] + 1,
            logits[a:b, : len(line.prompts)],
            None if tokens is None else tokens[a:b, : len(line.prompts)],
        )
        for line, (a, b) in zip(rows, pairwise(borders.tolist()), strict=True)
    ]


def to_pair_logits(pairs: SelectedPairs) -> PairLogits:
    """Return the selected pairs of a row as arrays."""
    heads, tails = pairs.indices.cpu().numpy().T.astype(np.int32)
    return PairLogits(heads, tails, pairs.logits.float().cpu().numpy())


def to_related_logits(entities: FloatArray, scored: ScoredPairs) -> RelatedLogits:
    """Return a row's outputs in training as arrays."""
    related, pairs = scored
    probabilities = None if related is None else related.detach().float().cpu().numpy()
    return RelatedLogits(entities, probabilities, pairs.detach().float().cpu().numpy())


def collate_spans(
    related: Sequence[SpanPairs], device: torch.device
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return the spans and pairs of rows as tensors, see `RelationNetwork.score_related`.

    related (Sequence[SpanPairs]): Of each row.
    device (torch.device): The device of the tensors.
    RETURNS (tuple[Tensor, Tensor, list[Tensor]]): Spans (N, 3), how often each counts (N,), and the
        pairs of each row (P, 2).
    """
    rows = [np.full(len(each.starts), row) for row, each in enumerate(related)]
    columns = [
        np.concatenate(rows),
        np.concatenate([each.starts for each in related]),
        np.concatenate([each.ends - each.starts - 1 for each in related]),
    ]
    pairs = [np.stack([each.heads, each.tails], axis=1) for each in related]
    repeats = np.concatenate([each.repeats for each in related])
    spans = _to(np.stack(columns, axis=1), device)
    return spans, _to(repeats, device), [_to(each, device) for each in pairs]


def distinct_prompts(rows: Sequence[Row]) -> list[str]:
    """Return the prompts of all rows without repetitions."""
    groups = {id(row.prompts): row.prompts for row in rows}.values()
    return list(dict.fromkeys(chain.from_iterable(groups)))


def share_prompts(rows: Sequence[Row], prompts: Sequence[str]) -> bool:
    """Return whether every row has exactly these prompts, as in prediction."""
    first = rows[0].prompts
    return all(row.prompts is first for row in rows) and len(first) == len(prompts)


def _to(array: IntArray, device: torch.device) -> Tensor:
    return torch.from_numpy(array.astype(np.int64)).to(device, non_blocking=True)
