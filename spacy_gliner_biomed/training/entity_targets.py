"""What a training row should learn of entities: targets of spans and of tokens."""

from collections.abc import Iterable

import numpy as np

from spacy_gliner_biomed.types import BoolArray, FloatArray


def span_targets(
    entities: Iterable[tuple[int, int, int]], n_words: int, n_labels: int, *, max_width: int
) -> FloatArray:
    """Return 1 where an entity begins, at its width and label, else 0.

    entities (Iterable[tuple[int, int, int]]): First word, one past the last, and index of the
        label.
    n_words, n_labels, max_width (int): W, C and K.
    RETURNS (FloatArray): # (W, K, C)
    """
    targets = np.zeros((n_words, max_width, n_labels), dtype=np.float32)
    for start, end, label in entities:
        targets[start, end - start - 1, label] = 1.0
    return targets


def token_targets(
    entities: Iterable[tuple[int, int, int]], n_words: int, n_labels: int
) -> FloatArray:
    """Return 1 at the first word of each entity, at the last, and at all its words, else 0.

    Upstream `TokenProcessor.create_labels` (gliner/data_processing/processor.py).

    entities (Iterable[tuple[int, int, int]]): As for `span_targets`.
    n_words, n_labels (int): W and C.
    RETURNS (FloatArray): # (W, C, 3)
    """
    targets = np.zeros((n_words, n_labels, 3), dtype=np.float32)
    for start, end, label in entities:
        targets[start, label, 0] = targets[end - 1, label, 1] = 1.0
        targets[start:end, label, 2] = 1.0
    return targets


def hide_spans(targets: FloatArray, unknown: BoolArray) -> None:  # (W, K, C), (W,)
    """Set the targets of spans with an unknown word to NaN, except of entities."""
    before = np.concatenate([[0], np.cumsum(unknown)])
    starts = np.arange(len(unknown))[:, None]
    ends = np.minimum(starts + 1 + np.arange(targets.shape[1]), len(unknown))
    hidden = before[ends] > before[starts]  # (W, K)
    targets[hidden[..., None] & (targets == 0)] = np.nan


def hide_tokens(targets: FloatArray, unknown: BoolArray) -> None:  # (W, C, 3), (W,)
    """Set the targets of unknown words to NaN, except in entities."""
    targets[unknown[:, None, None] & (targets == 0)] = np.nan


def set_partial(targets: FloatArray, known: Iterable[tuple[int, int, bool]]) -> None:  # (W, K)
    """Set a partial label's targets: NaN except at its known spans."""
    targets[:] = np.nan
    for start, end, is_right in known:
        targets[start, end - start - 1] = float(is_right)
