"""Targets of token models that score their spans again: the entities, and a few other spans."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.types import BoolArray, FloatArray

MAX_TRIES = 20  # for each span to draw


@dataclass
class SpanSampler:
    """Makes targets of spans for token models. As in GLiNER (`UniEncoderTokenProcessor`), a row
    learns from its entities, and from other spans at random, in a given ratio to the entities.

    max_width (int): Words of the widest span that is learned, K.
    ratio (float): Other spans per entity.
    seed (int): Seed of the random choices.
    """

    max_width: int
    ratio: float
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def __call__(
        self, entities: Sequence[tuple[int, int, int]], n_labels: int, unknown: BoolArray
    ) -> FloatArray:
        """Make the targets of a row.

        entities (Sequence[tuple[int, int, int]]): First word, one past the last, and index of the
            label.
        n_labels (int): C.
        unknown (BoolArray): Words that were not annotated. # (W,)
        RETURNS (FloatArray): 1 for the labels of an entity, 0 for its other labels and for spans
            that were drawn, and NaN for all other spans. # (W, C, K)
        """
        targets = np.full((len(unknown), n_labels, self.max_width), np.nan, dtype=np.float32)
        taken = unknown.copy()
        for start, end, _ in entities:
            taken[start:end] = True
            if end - start <= self.max_width:
                targets[start, :, end - start - 1] = 0.0
        for start, end, label in entities:
            if end - start <= self.max_width:
                targets[start, label, end - start - 1] = 1.0
        for start, end in self._draw(taken, int(len(entities) * self.ratio)):
            targets[start, :, end - start - 1] = 0.0
        return targets

    def _draw(self, taken: BoolArray, count: int) -> set[tuple[int, int]]:
        """Draw spans of words that are free; fewer than `count` if it takes too many tries."""
        drawn: set[tuple[int, int]] = set()
        for _ in range(MAX_TRIES * count):
            if len(drawn) == count:
                break
            start = self.random.randrange(len(taken))
            width = self.random.randint(1, min(self.max_width, len(taken) - start))
            if not taken[start : start + width].any():
                drawn.add((start, start + width))
        return drawn
