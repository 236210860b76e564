"""Batches of a stream."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from spacy_gliner_biomed.errors import Errors

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Divide a stream into lists. spaCy's `minibatch` ends without an item if the size is 0.

    items (Iterable[T]): The items.
    size (int): Items of each list; the last may have fewer.
    YIELDS (list[T]): The lists, in order.
    RAISES (ValueError): If the size is less than 1.
    """
    if size < 1:
        raise ValueError(Errors.E030.format(name="batch_size", allowed="at least 1", found=size))
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
