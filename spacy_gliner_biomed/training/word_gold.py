"""Gold of a text in words of the model."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.training.gold import Gold, PartialLabels, word_spans
from spacy_gliner_biomed.types import BoolArray, WordOffsets

# First word, one past the last, and label.
WordSpan = tuple[int, int, str]


@dataclass(frozen=True)
class WordGold:
    """What is known of a text, in words, see `gold.Gold`. Spans that words cannot express are left
    out.
    """

    spans: Sequence[WordSpan]
    annotated: Sequence[str]
    unknown: BoolArray  # (W,)
    partial: Mapping[str, Sequence[tuple[int, int, bool]]]
    relations: Sequence[tuple[WordSpan, WordSpan, str]] = ()
    annotated_relations: Sequence[str] = ()


def partial_words(
    partial_labels: PartialLabels, words: WordOffsets, max_width: int
) -> dict[str, list[tuple[int, int, bool]]]:
    """Convert the known spans of partial labels to words, without those that no span of words can
    express.

    partial_labels (PartialLabels): In characters.
    words (WordOffsets): The words of the text.
    max_width (int): Words of the widest span.
    RETURNS (dict[str, list[tuple[int, int, bool]]]): For each label that has any.
    """
    found = {}
    for label, known in partial_labels.items():
        fits = {(start, end): is_right for start, end, is_right in known}
        spans = [(start, end, f"{start} {end}") for start, end in fits]
        expressed, _ = word_spans(spans, words, max_width)
        triples = [
            (a, b, fits[int(words.starts[a]), int(words.ends[b - 1])]) for a, b, _ in expressed
        ]
        if triples:
            found[label] = triples
    return found


def unknown_words(characters: Iterable[tuple[int, int]], words: WordOffsets) -> BoolArray:  # (W,)
    """Return which words touch characters that were not annotated. # (W,)"""
    unknown: BoolArray = np.zeros(len(words), dtype=np.bool_)
    for start, end in characters:
        unknown |= (words.starts < end) & (words.ends > start)
    return unknown


def word_relations(
    gold: Gold, words: WordOffsets, max_width: int
) -> list[tuple[WordSpan, WordSpan, str]]:
    """Convert gold relations to words, without those with an end that is no entity or that words
    cannot express.

    gold (Gold): Entities and relations.
    words (WordOffsets): The words of the text.
    max_width (int): Words of the widest span.
    RETURNS (list[tuple[WordSpan, WordSpan, str]]): Head, tail and label.
    """
    entities = set(gold.spans)
    relations = [x for x in gold.relations or () if x[0] in entities and x[1] in entities]
    ends = dict.fromkeys(end for relation in relations for end in relation[:2])
    expressed, lost = word_spans(ends, words, max_width)
    known = dict(zip((end for end in ends if end not in set(lost)), expressed, strict=True))
    return [
        (known[head], known[tail], label)
        for head, tail, label in relations
        if head in known and tail in known
    ]


def in_window(
    related: Iterable[tuple[WordSpan, WordSpan, str]],
    numbers: Mapping[str, int],
    labels: Collection[str],
    first: int,
) -> list[tuple[tuple[int, int], tuple[int, int], int]]:
    """Return the relations of a window that it is asked for.

    related (Iterable[tuple[WordSpan, WordSpan, str]]): The relations inside of it.
    numbers (Mapping[str, int]): The index of each relation that is asked for.
    labels (Collection[str]): The labels that are asked for, which both ends must have.
    first (int): The window's first word.
    RETURNS (list): Words of head and tail in the window, and index of the relation.
    """
    return [
        ((a - first, b - first), (c - first, d - first), numbers[label])
        for (a, b, one), (c, d, other), label in related
        if label in numbers and one in labels and other in labels
    ]


def inside(spans: Iterable[WordSpan], window: tuple[int, int]) -> list[WordSpan]:
    """Return the spans that are inside a window."""
    first, last = window
    return [span for span in spans if first <= span[0] and span[1] <= last]


def partial_in_window(
    known: Mapping[str, Sequence[tuple[int, int, bool]]], window: tuple[int, int]
) -> PartialLabels:
    """Return the partial labels that are known on spans in a window, in words of the window."""
    first, last = window
    found = {
        label: [(a - first, b - first, right) for a, b, right in spans if first <= a and b <= last]
        for label, spans in known.items()
    }
    return {label: spans for label, spans in found.items() if spans}
