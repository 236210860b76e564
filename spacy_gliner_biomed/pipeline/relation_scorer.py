"""Scores of predicted against gold relations: as triples, strict and relaxed."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from spacy_gliner_biomed.pipeline.label_scores import (
    count_matches,
    count_strict,
    label_scores,
    overlap,
)
from spacy_gliner_biomed.pipeline.relation_annotation import read_relations
from spacy_gliner_biomed.training.gold import GoldSpan, labelled_offsets
from spacy_gliner_biomed.training.gold_relations import ANNOTATED_RELATIONS_KEY, RELATIONS_KEY

# An end of a relation: first character, one past the last, and label.
Pair = tuple[GoldSpan, GoldSpan]


def score_relations(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score relations.

    A strict match has the ends of a gold relation, with their characters and labels, and its label.
    A relaxed match has its label, and each end overlaps with the gold one, whatever their labels; a
    gold relation is matched once. Docs without gold relations (nobody has set `Doc._.relations`)
    are ignored, and so are found relations that the gold Doc does not annotate (see
    `training.gold_relations`).

    examples (Iterable[Example]): Predicted and gold Docs of the same text.
    kwargs: Ignored; spaCy passes them.
    RETURNS (dict[str, Any]): `relations_p/r/f/per_type` and `relations_relaxed_p/r/f/per_type`;
        nothing if no Doc has gold relations.
    """
    annotated = [eg for eg in examples if RELATIONS_KEY in eg.reference.user_data]
    if not annotated:
        return {}
    return {
        **_score(annotated, "relations", count_strict),
        **_score(annotated, "relations_relaxed", _count_relaxed),
    }


def _score(
    examples: Iterable[Example],
    name: str,
    count: Callable[[PRFScore, list[Pair], list[Pair]], None],
) -> dict[str, Any]:
    pairs = ((_pairs(eg.reference), _found_pairs(eg)) for eg in examples)
    return label_scores(pairs, name, count)


def _count_relaxed(score: PRFScore, gold: list[Pair], found: list[Pair]) -> None:
    count_matches(score, gold, found, lambda one, other: all(map(overlap, one, other)))


def _found_pairs(example: Example) -> dict[str, list[Pair]]:
    """Return the predicted pairs of each relation that the gold Doc annotates."""
    found = _pairs(example.predicted)
    known = example.reference.user_data.get(ANNOTATED_RELATIONS_KEY)
    return {label: pairs for label, pairs in found.items() if known is None or label in known}


def _pairs(doc: Doc) -> dict[str, list[Pair]]:
    """Return the pairs of each relation, each once."""
    pairs: dict[str, dict[Pair, None]] = {}
    for relation in read_relations(doc):
        pair = (labelled_offsets(relation.head), labelled_offsets(relation.tail))
        pairs.setdefault(relation.label, {})[pair] = None
    return {label: list(found) for label, found in pairs.items()}
