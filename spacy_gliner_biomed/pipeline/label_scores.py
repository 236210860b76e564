"""Precision, recall and F1 over all labels and for each label, as spaCy's scorers return them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from spacy.scorer import PRFScore

T = TypeVar("T")


def label_scores(
    pairs: Iterable[tuple[Mapping[str, list[T]], Mapping[str, list[T]]]],
    name: str,
    count: Callable[[PRFScore, list[T], list[T]], None],
) -> dict[str, Any]:
    """Count matches by label.

    pairs (Iterable): What is gold and what was found in each Doc, by label.
    name (str): Prefix of the scores.
    count (Callable): Adds the gold and the found items of a label in a Doc to a score.
    RETURNS (dict[str, Any]): `{name}_p`, `_r`, `_f` and `_per_type`; None if there is nothing.
    """
    per_type: dict[str, PRFScore] = {}
    for gold, found in pairs:
        for label in {*gold, *found}:
            score = per_type.setdefault(label, PRFScore())
            count(score, gold.get(label, []), found.get(label, []))
    total = sum(per_type.values(), PRFScore())
    if not len(total):
        return {f"{name}_{key}": None for key in ("p", "r", "f", "per_type")}
    return {
        f"{name}_p": total.precision,
        f"{name}_r": total.recall,
        f"{name}_f": total.fscore,
        f"{name}_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


def count_strict(score: PRFScore, gold: list[T], found: list[T]) -> None:
    """Count predictions that equal a gold item."""
    score.score_set(set(found), set(gold))


def count_matches(
    score: PRFScore, gold: list[T], found: list[T], matches: Callable[[T, T], bool]
) -> None:
    """Count predictions that match a gold item that no earlier prediction has taken.

    score (PRFScore): Gets the counts.
    gold, found (list): The items of a label in a Doc.
    matches (Callable): Whether a prediction and a gold item match.
    """
    free = list(gold)
    for item in found:
        match = next((other for other in free if matches(item, other)), None)
        if match is None:
            score.fp += 1
        else:
            free.remove(match)
            score.tp += 1
    score.fn += len(free)


def overlap(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether two spans, of which start and end come first, share a character."""
    return bool(one[0] < other[1] and other[0] < one[1])
