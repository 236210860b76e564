"""A cache of a bi-encoder's label vectors, which do not depend on the text."""

from collections.abc import Callable, Sequence
from itertools import islice

import torch
from torch import Tensor

from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.types import IntArray

MAX_CACHED = 10_000  # vectors of 4 * D bytes
BATCH = 64

# Ids of labels -> their vectors. # (S,) each -> (C, D)
EncodeLabels = Callable[[Sequence[IntArray]], Tensor]


class LabelVectors:
    """A cache of the label vectors that were used last.

    Threads can share it: its dict is replaced instead of changed, so at worst a label is encoded
    twice.
    """

    def __init__(self) -> None:
        self.cache: dict[str, Tensor] = {}  # least recently used first
        self.last: tuple[tuple[str, ...], Tensor] | None = None

    def get(
        self, prompts: Sequence[str], subtokens: Subtokenizer, encode: EncodeLabels
    ) -> Tensor:  # (C, D)
        """Return the vectors of labels. New labels are encoded in batches of similar length.

        The same prompts give the same tensor, so values derived from it can be cached.

        prompts (Sequence[str]): The prompts of the labels.
        subtokens (Subtokenizer): The label tokenizer.
        encode (EncodeLabels): Computes vectors from ids.
        RETURNS (Tensor): # (C, D)
        """
        last, cache = self.last, self.cache
        if last is not None and last[0] == tuple(prompts):
            return last[1]
        found = {prompt: cache[prompt] for prompt in prompts if prompt in cache}
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in found]
        encoded = sorted(((p, subtokens.encode_sequence(p)) for p in new), key=lambda x: len(x[1]))
        for first in range(0, len(encoded), BATCH):
            names, ids = zip(*encoded[first : first + BATCH], strict=True)
            found.update(zip(names, encode(ids), strict=True))
        vectors = torch.stack([found[prompt] for prompt in prompts])
        older = {prompt: vector for prompt, vector in cache.items() if prompt not in found}
        n_beyond = max(0, len(older) + len(found) - MAX_CACHED)
        self.cache = dict(islice({**older, **found}.items(), n_beyond, None))
        self.last = tuple(prompts), vectors
        return vectors

    def clear(self) -> None:
        """Remove all vectors, because the weights, the device or the precision have changed."""
        self.cache, self.last = {}, None
