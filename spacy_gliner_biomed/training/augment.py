"""Replaces the mentions in training windows by other mentions."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import GoldSpan

# Mentions of each label, each once.
Mentions = Mapping[str, Sequence[str]]


def collect_mentions(texts: Iterable[AnnotatedText]) -> Mentions:
    """Return the distinct mentions of each label, by first appearance."""
    found: dict[str, dict[str, None]] = {}
    for text in texts:
        for start, end, label in text.spans:
            found.setdefault(label, {}).setdefault(text.text[start:end])
    return {label: list(mentions) for label, mentions in found.items()}


def swap_mentions(text: AnnotatedText, mentions: Mentions, rng: random.Random) -> AnnotatedText:
    """Replace each mention by another one of the same label, so that a network learns from contexts
    what names alone would tell it, and sees names in other contexts (mention replacement: Dai &
    Adel, COLING 2020).

    text (AnnotatedText): A window of text; its `sentences` are dropped.
    mentions (Mentions): The mentions to choose from.
    rng (random.Random): The random generator.
    RETURNS (AnnotatedText): The new text; the old one if entities overlap, because what is nested
        in a mention would be lost.
    """
    spans = sorted(text.spans)
    if any(right[0] < left[1] for left, right in pairwise(spans)):
        return text
    pieces: list[str] = []
    swapped: list[GoldSpan] = []
    length = done = 0
    for start, end, label in spans:
        mention = rng.choice(mentions[label])
        pieces += [text.text[done:start], mention]
        first, done = length + start - done, end
        length = first + len(mention)
        swapped.append((first, length, label))
    pieces.append(text.text[done:])
    return replace(
        text,
        text="".join(pieces),
        spans=swapped,
        sentences=[],
        concepts=[],
        relations=None,  # nobody knows those of other mentions
        annotated_relations=None,
    )
