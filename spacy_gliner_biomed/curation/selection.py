"""Selects documents to train on: the positives with the best scores, and a share of negatives.

BioSelectTune (arXiv 2512.22738) scores only documents with entities (positives). It drops those
that are not learnable, keeps the best of the rest, and keeps all documents without entities
(negatives).
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.types import BoolArray, IntArray

Scores = NDArray[np.float64]
KEPT = "kept"
BELOW = "below the ratio"
NEGATIVE = "negative"


@dataclass(frozen=True)
class Score:
    """The score of a document.

    value (float): Documents with higher values are kept first.
    reason (str): Why the document must be dropped; empty if it may be kept.
    """

    value: float
    reason: str = ""


# Takes documents with entities and yields a score for each, in order.
Scorer = Callable[[Iterable[AnnotatedText]], Iterator[Score]]


@dataclass(frozen=True)
class Decision:
    """The decision about a document.

    outcome (str): `KEPT`, or why the document is dropped.
    score (float | None): Score of a positive; None for a negative.
    """

    outcome: str
    score: float | None = None


class Decisions(Sequence[Decision]):
    """The decisions about all documents, in about ten bytes per document.

    outcomes (IntArray): Index in `names` of each document's outcome. # (N,)
    names (Sequence[str]): All outcomes.
    scores (Scores): Score of each document; NaN for a negative. # (N,)
    """

    def __init__(self, outcomes: IntArray, names: Sequence[str], scores: Scores) -> None:
        self.outcomes = outcomes
        self.names = names
        self.scores = scores

    def __len__(self) -> int:
        return len(self.outcomes)

    @overload
    def __getitem__(self, index: int) -> Decision: ...

    @overload
    def __getitem__(self, index: slice) -> "Decisions": ...

    def __getitem__(self, index: int | slice) -> "Decision | Decisions":
        if isinstance(index, slice):
            return Decisions(self.outcomes[index], self.names, self.scores[index])
        score = float(self.scores[index])
        outcome = self.names[self.outcomes[index]]
        return Decision(outcome, None if math.isnan(score) else score)

    def scores_by_outcome(self) -> dict[str, Scores]:
        """Return the scores of positives for each outcome that occurs."""
        is_positive = ~np.isnan(self.scores)
        found = {
            name: self.scores[is_positive & (self.outcomes == number)]
            for number, name in enumerate(self.names)
        }
        return {name: scores for name, scores in found.items() if len(scores)}


def select(
    texts: Iterable[AnnotatedText],
    scorer: Scorer,
    *,
    ratio: float,
    negatives: float = 1.0,
    balance: bool = False,
) -> Decisions:
    """Decide which documents to keep, in 16 bytes of memory per document.

    texts (Iterable[AnnotatedText]): The documents, which are read once.
    scorer (Scorer): Scores the positives.
    ratio (float): Share of all positives to keep, from 0 to 1.
    negatives (float): Share of the negatives to keep, evenly through the corpus, from 0 to 1.
    balance (bool): Keep this share for each label. A document counts for its rarest label.
    RETURNS (Decisions): The decisions, in the order of the documents.
    RAISES (ValueError): If a share is not allowed, or the scorer leaves documents out.
    """
    for name, value in (("ratio", ratio), ("negatives", negatives)):
        if not 0 <= value <= 1:
            raise ValueError(Errors.E030.format(name=name, allowed="from 0 to 1", found=value))
    sets = ValueIndex([()])  # of labels; a negative has none
    names = ValueIndex([KEPT, BELOW, NEGATIVE])
    groups, values, reasons = array("i"), array("d"), array("i")
    for score in scorer(_watched(texts, sets, groups)):
        values.append(score.value)
        reasons.append(names[score.reason] if score.reason else 0)
    group, reason = np.array(groups, dtype=np.int32), np.array(reasons, dtype=np.int32)
    is_positive = group > 0
    if len(values) != is_positive.sum():
        raise ValueError(Errors.E113.format(n=len(values), of=is_positive.sum()))
    outcomes = np.full(len(group), names[NEGATIVE], dtype=np.int32)
    due = np.floor(np.arange(1 + (~is_positive).sum()) * negatives + 1e-9)
    outcomes[~is_positive] = np.where(np.diff(due) > 0, names[KEPT], names[NEGATIVE])
    strata = _rarest(sets, group[is_positive]) if balance else np.zeros(len(reason), np.int32)
    scores = np.full(len(group), np.nan)
    scores[is_positive] = values
    is_best = _best(scores[is_positive], reason == 0, strata, ratio)
    dropped = np.where(reason > 0, reason, names[BELOW])
    outcomes[is_positive] = np.where(is_best, names[KEPT], dropped)
    return Decisions(outcomes, list(names), scores)


class SelectionCounts:
    """Counts documents and entities that were kept and dropped."""

    def __init__(self) -> None:
        self.documents: Counter[str] = Counter()
        self.corpora: dict[str, Counter[str]] = defaultdict(Counter)
        self.labels: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, text: AnnotatedText, outcome: str) -> None:
        """Count a document and its entities.

        text (AnnotatedText): The document.
        outcome (str): Its outcome, see `Decision`.
        """
        self.documents[outcome] += 1
        self.corpora[text.corpus or "corpus"][outcome] += 1
        for *_, label in text.spans:
            self.labels[label][KEPT if outcome == KEPT else "dropped"] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return documents by outcome and by corpus, and entities by label."""
        return {
            "documents": dict(self.documents),
            "by_corpus": {name: dict(counts) for name, counts in self.corpora.items()},
            "entities_by_label": {name: dict(n) for name, n in sorted(self.labels.items())},
        }


class ValueIndex(dict[Any, int]):
    """Numbers values in the order of their first use; iterates over the values in this order."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__((value, number) for number, value in enumerate(values))

    def __missing__(self, value: Any) -> int:
        self[value] = len(self)
        return self[value]


def _watched(
    texts: Iterable[AnnotatedText], sets: ValueIndex, groups: "array[int]"
) -> Iterator[AnnotatedText]:
    """Yield the positives, and note the set of labels of every document."""
    for text in texts:
        labels = tuple(dict.fromkeys(label for *_, label in text.spans))
        groups.append(sets[labels])
        if labels:
            yield text


def _rarest(sets: Iterable[tuple[str, ...]], groups: IntArray) -> IntArray:
    """Return the rarest label of each document, as a number. # (N,)"""
    frequency: Counter[str] = Counter()
    for labels, n in zip(sets, np.bincount(groups), strict=False):
        for label in labels:
            frequency[label] += int(n)
    numbers = {label: number for number, label in enumerate(sorted(frequency))}
    rarest = [
        numbers[min(labels, key=lambda label: (frequency[label], label))] if labels else -1
        for labels in sets
    ]
    return np.array(rarest, dtype=np.int32)[groups]


def _best(scores: Scores, allowed: BoolArray, strata: IntArray, ratio: float) -> BoolArray:
    """Return whether each document is among the best of its stratum; of equal scores, the earlier
    one wins.
    """
    is_best = np.zeros(len(scores), dtype=bool)
    for stratum in np.unique(strata):
        (members,) = np.nonzero(strata == stratum)
        n_selected = math.ceil(ratio * len(members) - 1e-9)
        members = members[allowed[members]]
        order = np.argsort(-scores[members], kind="stable")
        is_best[members[order[:n_selected]]] = True
    return is_best
