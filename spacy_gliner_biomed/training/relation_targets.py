"""What a training row should learn of the relations between its entities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.types import FloatArray, SpanPairs

# An entity of a row: first word, and one past the last.
Words = tuple[int, int]


@dataclass(frozen=True)
class RelationTargets:
    """The spans of a row's entities, and how they are related.

    spans (SpanPairs): The spans, and the pairs of them that are learned.
    targets (FloatArray): 1 for the relations of a pair, 0 for others. # (P, R)
    related (FloatArray): 1 for two spans that are related, 0 for others. # (E, E)
    """

    spans: SpanPairs
    targets: FloatArray
    related: FloatArray


def relation_targets(
    entities: Sequence[tuple[int, int, int]],
    relations: Iterable[tuple[Words, Words, int]],
    n_relations: int,
    sampler: RelationSampler,
    *,
    repeated: bool,
) -> RelationTargets:
    """Make the targets of a row.

    entities (Sequence[tuple[int, int, int]]): First word, one past the last, and index of the
        label.
    relations (Iterable[tuple[Words, Words, int]]): Head, tail and index of the relation; both ends
        are among the entities.
    n_relations (int): R.
    sampler (RelationSampler): Chooses pairs.
    repeated (bool): Whether a span counts once for each of its labels.
    RETURNS (RelationTargets): The targets; without pairs if no relation is asked for.
    """
    counts: dict[Words, int] = {}
    for start, end, _ in sorted(set(entities)):
        counts[start, end] = counts.get((start, end), 0) + 1
    index = {words: i for i, words in enumerate(counts)}
    found: dict[tuple[int, int], set[int]] = {}
    for head, tail, relation in relations:
        if head != tail:
            found.setdefault((index[head], index[tail]), set()).add(relation)
    pairs = sampler.pairs(len(counts), found) if n_relations else []
    targets = np.zeros((len(pairs), n_relations), dtype=np.float32)
    related = np.zeros((len(counts), len(counts)), dtype=np.float32)
    for i, pair in enumerate(pairs):
        targets[i, list(found.get(pair, ()))] = 1.0
        related[pair] = sampler.counts_as_related(pair in found)
    spans = np.array(list(counts), dtype=np.int32).reshape(-1, 2)
    repeats = np.array(list(counts.values()) if repeated else [1] * len(counts), dtype=np.int32)
    of_pairs = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    each = SpanPairs(spans[:, 0], spans[:, 1], repeats, of_pairs[:, 0], of_pairs[:, 1])
    return RelationTargets(each, targets, related)
