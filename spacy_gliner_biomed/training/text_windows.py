"""Cut annotated texts into windows of a few sentences."""

import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, count

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import GoldSpan

WORD_LENGTH = 6  # characters, including the space


def shuffled_windows(
    texts: Sequence[AnnotatedText], max_sentences: int, max_words: int, rng: random.Random
) -> Iterator[AnnotatedText]:
    """Yield windows of texts in random order, without end; each pass cuts the texts anew. The first
    pass warns of relations whose ends are in different windows.

    texts (Sequence[AnnotatedText]): The texts.
    max_sentences, max_words (int): See `cut_sentences`.
    rng (random.Random): The random generator.
    YIELDS (AnnotatedText): Windows that are not blank.
    """
    for number in count():
        cut = [
            part for text in texts for part in cut_sentences(text, max_sentences, max_words, rng)
        ]
        if number == 0:
            _warn_of_cut_relations(texts, cut)
        rng.shuffle(cut)
        yield from (part for part in cut if part.text.strip())


def cut_sentences(
    text: AnnotatedText, max_sentences: int, max_words: int, rng: random.Random
) -> Iterator[AnnotatedText]:
    """Cut a text into windows of a few sentences, without cutting entities.

    text (AnnotatedText): The text.
    max_sentences (int): Maximum number of sentences; each window has a random number up to this.
    max_words (int): A window ends before the sentence that would exceed about this many words.
    rng (random.Random): The random generator.
    YIELDS (AnnotatedText): The windows.
    """
    borders = [start for start, _ in text.sentences[1:]]
    borders = _outside(borders, text.spans)
    starts = [0, *borders]
    ends = [*borders, len(text.text)]
    i = 0
    while i < len(starts):
        n_sentences, j = rng.randint(1, max_sentences), i + 1
        while j < min(i + n_sentences, len(starts)):
            if ends[j] - starts[i] > WORD_LENGTH * max_words:
                break
            j += 1
        yield _part(text, starts[i], ends[j - 1])
        i = j


def _warn_of_cut_relations(
    texts: Sequence[AnnotatedText], windows: Iterable[AnnotatedText]
) -> None:
    total, n_inside = (
        sum(len(each.relations or ()) for each in group) for group in (texts, windows)
    )
    if n_inside < total:
        n = total - n_inside
        warn(Warnings.W355.format(n=n, total=total, corpus=texts[0].corpus))


def _outside(borders: Sequence[int], spans: Iterable[GoldSpan]) -> list[int]:
    """Return the borders that do not cut a span."""
    ordered = sorted(spans)
    starts = [start for start, *_ in ordered]
    ends = list(accumulate((end for _, end, _ in ordered), max))
    befores = [(border, bisect_left(starts, border)) for border in borders]
    return [border for border, n in befores if n == 0 or ends[n - 1] <= border]


def _part(text: AnnotatedText, start: int, end: int) -> AnnotatedText:
    spans = [(a - start, b - start, label) for a, b, label in text.spans if start <= a and b <= end]
    concepts = [
        (a - start, b - start, label, ids)
        for a, b, label, ids in text.concepts
        if start <= a and b <= end
    ]
    relations = [
        ((a - start, b - start, one), (c - start, d - start, other), label)
        for (a, b, one), (c, d, other), label in text.relations or ()
        if start <= min(a, c) and max(b, d) <= end
    ]
    return replace(
        text,
        text=text.text[start:end],
        spans=spans,
        sentences=[],
        concepts=concepts,
        passages=(),
        entity_values={},
        relations=None if text.relations is None else relations,
    )
