"""Which documents to train on: the best positives by a score, and negatives as wanted.

BioSelectTune (arXiv 2512.22738) scores the documents with entities (positives) alone, drops those
that are not learnable, keeps the first part of the rest, and keeps all without (negatives).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText

KEPT = "kept"
BELOW = "below the ratio"
NEGATIVE = "negative"


@dataclass(frozen=True)
class Score:
    """What a scorer thinks of a document.

    value (float): The higher, the sooner it is kept.
    reason (str): Why it must not be kept; empty if it may.
    """

    value: float
    reason: str = ""


# From documents with entities to a score for each, in order.
Scorer = Callable[[Iterable[AnnotatedText]], Iterator[Score]]


@dataclass(frozen=True)
class Decision:
    """What becomes of a document.

    outcome (str): `KEPT`, or why not.
    score (float | None): Of a positive.
    """

    outcome: str
    score: float | None = None


def select(
    texts: Iterable[AnnotatedText],
    scorer: Scorer,
    *,
    ratio: float,
    negatives: float = 1.0,
    balance: bool = False,
) -> list[Decision]:
    """Decide about each document.

    texts (Iterable[AnnotatedText]): Read once.
    scorer (Scorer): Scores the positives.
    ratio (float): Share of the positives that is kept, of all of them. 0 to 1.
    negatives (float): Share of the negatives that is kept, evenly through the corpus. 0 to 1.
    balance (bool): Keep this share for each label: a document counts for its rarest.
    RETURNS (list[Decision]): In order.
    RAISES (ValueError): For shares that are not allowed.
    """
    for name, value in (("ratio", ratio), ("negatives", negatives)):
        if not 0 <= value <= 1:
            raise ValueError(Errors.E030.format(name=name, allowed="from 0 to 1", found=value))
    groups: list[tuple[str, ...]] = []  # of each document its labels; none of a negative
    scores = scorer(_watched(texts, groups))
    scored = list(scores)
    positives = [i for i, labels in enumerate(groups) if labels]
    by_place = dict(zip(positives, scored, strict=True))
    kept = _best(by_place, _strata(by_place, groups) if balance else {}, ratio)
    decisions, n_negatives = [], 0
    for i, labels in enumerate(groups):
        if labels:
            score = by_place[i]
            outcome = KEPT if i in kept else score.reason or BELOW
            decisions.append(Decision(outcome, score.value))
        else:
            n_negatives += 1
            is_due = math.floor(n_negatives * negatives) > math.floor((n_negatives - 1) * negatives)
            decisions.append(Decision(KEPT if is_due else NEGATIVE))
    return decisions


def report(texts: Iterable[AnnotatedText], decisions: Sequence[Decision]) -> dict[str, Any]:
    """Counts of what was kept and dropped: of documents by reason and corpus, entities by label."""
    documents: Counter[str] = Counter()
    corpora: dict[str, Counter[str]] = defaultdict(Counter)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for text, decision in zip(texts, decisions, strict=True):
        documents[decision.outcome] += 1
        corpora[text.corpus or "corpus"][decision.outcome] += 1
        for *_, label in text.spans:
            labels[label][KEPT if decision.outcome == KEPT else "dropped"] += 1
    return {
        "documents": dict(documents),
        "by_corpus": {name: dict(counts) for name, counts in corpora.items()},
        "entities_by_label": {name: dict(counts) for name, counts in sorted(labels.items())},
    }


def _watched(
    texts: Iterable[AnnotatedText], groups: list[tuple[str, ...]]
) -> Iterator[AnnotatedText]:
    """The positives, while the labels of all are noted."""
    for text in texts:
        labels = tuple(dict.fromkeys(label for *_, label in text.spans))
        groups.append(labels)
        if labels:
            yield text


def _strata(places: Iterable[int], groups: Sequence[tuple[str, ...]]) -> dict[int, str]:
    """The rarest label of each document."""
    places = list(places)
    frequency = Counter(label for i in places for label in groups[i])
    return {i: min(groups[i], key=lambda label: (frequency[label], label)) for i in places}


def _best(scores: dict[int, Score], strata: dict[int, str], ratio: float) -> set[int]:
    members: dict[str, list[int]] = defaultdict(list)
    for i in scores:
        members[strata.get(i, "")].append(i)
    kept: set[int] = set()
    for places in members.values():
        allowed = [i for i in places if not scores[i].reason]
        allowed.sort(key=lambda i: (-scores[i].value, i))
        kept.update(allowed[: math.ceil(ratio * len(places) - 1e-9)])
    return kept
