"""Batches hold all items, whatever their size."""

from collections.abc import Callable

import pytest
from spacy.language import Language

from spacy_gliner_biomed.common.batches import batches


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_batches_hold_all_items_in_order(size: int) -> None:
    found = list(batches(iter(range(7)), size))
    assert [item for batch in found for item in batch] == list(range(7))
    assert all(len(batch) == size for batch in found[:-1])
    assert 1 <= len(found[-1]) <= size


def test_nothing_has_no_batch() -> None:
    assert list(batches([], 3)) == []


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_without_items_is_an_error_and_loses_no_doc(
    make_nlp: Callable[..., Language], size: int
) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E030\].*'batch_size'.*at least 1; found"):
        list(batches([1], size))
    nlp = make_nlp()
    with pytest.raises(ValueError, match=r"\[GB-E030\]"):
        list(nlp.pipe(["a cell"], batch_size=size))
