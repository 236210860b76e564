"""Chooses the relations that a training row is asked for, and the pairs that it learns from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from spacy_gliner_biomed.training.sampling import LabelSampler

Related = Literal["positives", "pairs"]


@dataclass
class RelationSampler:
    """Chooses the relations and the pairs of a training row. Registered as
    `spacy-gliner-biomed.RelationSampler.v1`.

    max_relations (int): Maximum number of relations in one prompt; those that a row has go first.
    negatives (int): Maximum number of annotated relations that the row lacks; the number is drawn
        uniformly from 0 on.
    all_negatives (float): Probability that all annotated relations that the row lacks are asked
        for instead.
    drop (float): Probability that a relation that the row has is not asked for.
    negative_pairs (float | None): Pairs without a relation that a row learns from, as a multiple of
        those with one: the reversed pairs first, then pairs at random, at least one. None for all
        pairs of the row's entities.
    related (str): The pairs that count as related: "positives" are those with a relation that is
        asked for; "pairs" are all that the row learns from, as in GLiNER.
    seed (int): Seed of the random choices.

    Upstream `RelationExtractionSpanProcessor.create_relation_labels`
    (gliner/data_processing/processor.py).
    """

    max_relations: int = 12
    negatives: int = 4
    all_negatives: float = 0.5
    drop: float = 0.0
    negative_pairs: float | None = None
    related: Related = "positives"
    seed: int = 0

    def __post_init__(self) -> None:
        self.labels = LabelSampler(
            self.max_relations,
            self.negatives,
            self.all_negatives,
            self.drop,
            vary=0.0,
            seed=self.seed,
        )
        self.random = self.labels.random

    def __call__(self, positives: Sequence[str], annotated: Sequence[str]) -> list[tuple[str, str]]:
        """Choose relations, see `LabelSampler`; the prompts are the relations themselves."""
        return self.labels(positives, annotated)

    def pairs(self, n_spans: int, positives: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
        """Choose the pairs of a row.

        n_spans (int): Number of its spans.
        positives (Collection[tuple[int, int]]): Head and tail of the pairs with a relation.
        RETURNS (list[tuple[int, int]]): The pairs with a relation and others, in order.
        """
        every = [(i, j) for i in range(n_spans) for j in range(n_spans) if i != j]
        if self.negative_pairs is None:
            return every
        others = [pair for pair in every if pair not in positives]
        self.random.shuffle(others)
        others.sort(key=lambda pair: pair[::-1] not in positives)  # the reversed ones first
        n_others = max(1, int(self.negative_pairs * len(positives)))
        return sorted([*positives, *others[:n_others]])

    def counts_as_related(self, positive: bool) -> bool:
        """Return whether the entities of a chosen pair count as related.

        positive (bool): Whether the pair has a relation that is asked for.
        """
        return positive or self.related == "pairs"


def make_relation_sampler(
    max_relations: int = 12,
    negatives: int = 4,
    all_negatives: float = 0.5,
    drop: float = 0.0,
    negative_pairs: float | None = None,
    related: Related = "positives",
    seed: int = 0,
) -> RelationSampler:
    """Make a `RelationSampler`; arguments as `RelationSampler`."""
    return RelationSampler(
        max_relations, negatives, all_negatives, drop, negative_pairs, related, seed
    )
