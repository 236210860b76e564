"""Rows become padded tensors."""

import numpy as np
import torch

from spacy_gliner_biomed.models.collate import collate_rows, pad_arrays
from spacy_gliner_biomed.types import IntArray, Row


def ints(*values: int) -> IntArray:
    return np.array(values, dtype=np.int32)


def test_rows_are_padded_to_the_longest() -> None:
    rows = [
        Row(ints(2, 8, 9, 3), ints(2, -1), ints(1, 0), ints(1), ("a",)),
        Row(ints(2, 3), ints(0), ints(1), ints(0, 1), ("a", "b")),
    ]
    batch = collate_rows(rows, pad_id=7, device=torch.device("cpu"))
    assert batch.input_ids.tolist() == [[2, 8, 9, 3], [2, 3, 7, 7]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch.word_positions.tolist() == [[2, -1], [0, -1]]
    assert batch.label_positions.tolist() == [[1, -1], [0, 1]]
    assert batch.word_lengths.tolist() == [[1, 0], [1, 0]]
    assert batch.n_words.tolist() == [2, 1]
    assert batch.n_labels.tolist() == [1, 2]
    assert batch.relation_positions is None
    assert {t.dtype for t in vars(batch).values() if t is not None} == {torch.int64}


def test_in_training_words_and_labels_come_in_few_lengths() -> None:
    lengths = ints(*[1] * 17)
    rows = [Row(ints(*range(40)), ints(*range(17)), lengths, ints(*range(5)), ("a",) * 5)]
    batch = collate_rows(rows, pad_id=7, device=torch.device("cpu"), training=True)
    assert batch.word_positions.tolist() == [[*range(17), *[-1] * 15]]
    assert batch.label_positions.tolist() == [[*range(5), *[-1] * 3]]
    assert batch.n_words.tolist() == [17]
    assert batch.input_ids.shape == (1, 40)


def test_a_padding_id_in_the_text_is_not_masked() -> None:
    batch = collate_rows(
        [Row(ints(7, 7), ints(0), ints(1), ints(), ())], pad_id=7, device=torch.device("cpu")
    )
    assert batch.attention_mask.tolist() == [[1, 1]]


def test_arrays_are_padded_with_the_value() -> None:
    assert pad_arrays([ints(), ints(1, 2)], -1).tolist() == [[-1, -1], [1, 2]]
