"""A bi-encoder's label vectors, kept by the label's words: they do not depend on a text."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.types import IntArray

MAX_KEPT = 10_000  # of 4 * D bytes each
BATCH = 64

# Ids of labels -> their vectors. # (S,) each -> (C, D)
EncodeLabels = Callable[[Sequence[IntArray]], Tensor]


class LabelVectors:
    """Vectors of the labels that were asked for last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, Tensor] = OrderedDict()
        self.last: tuple[tuple[str, ...], Tensor] | None = None

    def get(
        self, prompts: Sequence[str], subtokens: Subtokenizer, encode: EncodeLabels
    ) -> Tensor:  # (C, D)
        """Vectors of labels; those that are not kept are encoded now, in batches by length.
        The same labels again are the same tensor, so that what follows from it can be kept.
        """
        if self.last is not None and self.last[0] == tuple(prompts):
            return self.last[1]
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self.kept]
        encoded = sorted(((p, subtokens.encode_sequence(p)) for p in new), key=lambda x: len(x[1]))
        for first in range(0, len(encoded), BATCH):
            names, ids = zip(*encoded[first : first + BATCH], strict=True)
            self.kept.update(zip(names, encode(ids), strict=True))
        for prompt in prompts:
            self.kept.move_to_end(prompt)
        vectors = torch.stack([self.kept[prompt] for prompt in prompts])
        while len(self.kept) > MAX_KEPT:
            self.kept.popitem(last=False)
        self.last = tuple(prompts), vectors
        return vectors

    def clear(self) -> None:
        """Forget all: the weights changed, or where or how they compute."""
        self.kept.clear()
        self.last = None
