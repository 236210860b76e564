"""Labels that are known on some mentions of a window only: these are targets, and all other spans
are left out of the loss.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.families import excluded_labels
from spacy_gliner_biomed.training.gold import PartialLabels
from spacy_gliner_biomed.training.hierarchy import GENERIC, Hierarchy, concept_ids

MAX_LABELS = 4  # excluded labels of a window
ALONE = 0.3  # share of windows with partial labels that are asked for these alone
# Mentions of these are words such as "expression", or no names.
NOT_TYPED = frozenset(
    ("biological process", "molecular function", "sequence feature", "chemical reaction")
)


def with_excluded(
    windows: Iterator[AnnotatedText], share: float, rng: random.Random
) -> Iterator[AnnotatedText]:
    """Add labels of other families than their mentions' to some windows, as certain negatives.

    windows (Iterator[AnnotatedText]): The windows.
    share (float): Share of windows, from 0 to 1.
    rng (random.Random): Chooses.
    YIELDS (AnnotatedText): The windows.
    """
    for text in windows:
        if rng.random() < share:
            text = _with_partial(text, _excluded(text, rng), rng)
        yield text


def with_fine_labels(
    windows: Iterator[AnnotatedText], hierarchy: Hierarchy, share: float, rng: random.Random
) -> Iterator[AnnotatedText]:
    """Add labels derived from the ancestors of their concepts to some windows.

    Labels of one of the window's mentions are positives; labels of mentions in earlier windows,
    which are often siblings, are hard negatives.

    windows (Iterator[AnnotatedText]): The windows.
    hierarchy (Hierarchy): The ontologies.
    share (float): Share of windows, from 0 to 1.
    rng (random.Random): Chooses.
    YIELDS (AnnotatedText): The windows.
    """
    recent: list[str] = []
    for text in windows:
        if text.concepts and rng.random() < share:
            text = _with_partial(text, _fine(text, hierarchy, recent, rng), rng)
        yield text


def _with_partial(text: AnnotatedText, partial: PartialLabels, rng: random.Random) -> AnnotatedText:
    """Add partial labels; in some windows no others are asked for."""
    both = {**text.partial, **partial}
    if both and rng.random() < ALONE:
        return replace(text, spans=[], annotated=[], partial=both)
    return replace(text, partial=both)


def _excluded(text: AnnotatedText, rng: random.Random) -> PartialLabels:
    known = {*(text.annotated or ()), *text.partial}
    negatives: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    gold = {(start, end, label) for start, end, label in text.spans}
    for start, end, label in text.spans:
        for excluded in excluded_labels(label):
            if excluded not in known and (start, end, excluded) not in gold:
                negatives[excluded].append((start, end, False))
    chosen = rng.sample(sorted(negatives), min(len(negatives), rng.randint(1, MAX_LABELS)))
    return {label: negatives[label] for label in chosen}


def _fine(
    text: AnnotatedText, hierarchy: Hierarchy, recent: list[str], rng: random.Random
) -> PartialLabels:
    mentions = [
        (start, end, concept_ids(raw))
        for start, end, label, raw in text.concepts
        if label not in NOT_TYPED and not GENERIC.fullmatch(text.text[start:end])
    ]
    fitting = [labels for *_, ids in mentions if (labels := hierarchy.labels_of(ids))]
    if not fitting:
        return {}
    labels = rng.choice(fitting)
    chosen = rng.sample(labels, min(len(labels), rng.randint(1, 3)))
    others = rng.sample(recent, min(len(recent), rng.randint(0, 2)))
    recent[:] = [*recent[-40:], *rng.sample(labels, min(len(labels), 2))]
    found: dict[str, list[tuple[int, int, bool]]] = {}
    for name in dict.fromkeys([*chosen, *others]):
        words = hierarchy.labels[name]
        if words in (text.annotated or ()):
            continue
        known = _relations(mentions, hierarchy, name)
        if known:
            found[words] = known
    return found


def _relations(
    mentions: Sequence[tuple[int, int, list[str]]], hierarchy: Hierarchy, label: str
) -> list[tuple[int, int, bool]]:
    relations = [(start, end, hierarchy.relation(ids, label)) for start, end, ids in mentions]
    return [(start, end, fits) for start, end, fits in relations if fits is not None]
