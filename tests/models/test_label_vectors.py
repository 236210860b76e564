"""Label vectors are encoded once, and the same labels are the same tensor."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from spacy_gliner_biomed.models import label_vectors
from spacy_gliner_biomed.models.label_vectors import LabelVectors
from spacy_gliner_biomed.types import IntArray


class Letters:
    """A label's letters stand for its subtokens."""

    def encode_sequence(self, text: str) -> IntArray:
        return np.array([ord(letter) for letter in text], dtype=np.int32)


class Encoder:
    """A label's vector is the sum of its letters; counts what it encodes."""

    def __init__(self) -> None:
        self.encoded: list[int] = []

    def __call__(self, ids: Sequence[IntArray]) -> Tensor:
        self.encoded += [int(each.sum()) for each in ids]
        return torch.tensor([[float(each.sum())] for each in ids])


def test_only_new_labels_are_encoded_and_the_same_ones_are_the_same_tensor() -> None:
    vectors, encoder, letters = LabelVectors(), Encoder(), Letters()
    first = vectors.get(["ab", "c"], letters, encoder)
    assert vectors.get(("ab", "c"), letters, encoder) is first
    other = vectors.get(["c", "d"], letters, encoder)
    assert other.tolist() == [[99.0], [100.0]]
    assert sorted(encoder.encoded) == [99, 100, 195]
    vectors.clear()
    assert torch.equal(vectors.get(["c", "d"], letters, encoder), other)
    assert len(encoder.encoded) == 5


def test_the_labels_asked_for_longest_ago_are_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(label_vectors, "MAX_CACHED", 2)
    vectors, encoder, letters = LabelVectors(), Encoder(), Letters()
    for labels in (["a", "b"], ["a", "c"], ["a"], ["b"]):
        vectors.get(labels, letters, encoder)
    assert encoder.encoded == [97, 98, 99, 98]
