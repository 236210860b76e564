"""Lays out training windows as in notes: wrapped lines, and mentions as lists and columns."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from spacy_gliner_biomed.training.augment import Mentions
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import GoldSpan

# What begins an item of a list, and what ends it.
BULLETS = (("", "\n"), ("- ", "\n"), ("* ", "\n"), ("• ", "\n"), ("", "\n\n"), ("", "\r\n"))
COLUMNS = (("", "\t"), ("", "    "), ("", "\t\n"), ("", "      \n"), ("", " | "), ("", "; "))
MAX_ITEM = 60  # characters


def wrap_lines(text: AnnotatedText, width: int) -> AnnotatedText:
    """Break lines at spaces, also inside mentions. No offset changes.

    text (AnnotatedText): A window.
    width (int): Maximum number of characters in a line, if its words allow it.
    RETURNS (AnnotatedText): The window with broken lines.
    """
    characters = list(text.text)
    line = 0
    space: int | None = None
    for i, character in enumerate([*characters, "\n"]):
        if character not in " \n":
            continue
        if i - line > width and space is not None:
            characters[space] = "\n"
            line = space + 1
        line, space = (i + 1, None) if character == "\n" else (line, i)
    return replace(text, text="".join(characters))


def plain_mentions(texts: Iterable[AnnotatedText]) -> Mentions:
    """Return mentions by label that overlap no other mention and never have another label: an item
    of a list can be such a mention without missing annotations.
    """
    labels: dict[str, set[str]] = {}
    overlapping: set[str] = set()
    for text in texts:
        spans = sorted(text.spans)
        end = -1
        for i, (first, last, label) in enumerate(spans):
            mention = text.text[first:last]
            labels.setdefault(mention, set()).add(label)
            if first < end or (i + 1 < len(spans) and spans[i + 1][0] < last):
                overlapping.add(mention)
            end = max(end, last)
    found: dict[str, list[str]] = {}
    for mention, its_labels in labels.items():
        if len(its_labels) == 1 and mention not in overlapping and len(mention) <= MAX_ITEM:
            found.setdefault(next(iter(its_labels)), []).append(mention)
    return found


def make_list(
    mentions: Mentions, annotated: Sequence[str] | None, rng: random.Random, corpus: str
) -> AnnotatedText:
    """Make a list of mentions of one to three labels, one mention per item.

    mentions (Mentions): See `plain_mentions`; at least one.
    annotated (Sequence[str] | None): Labels that the corpus annotates.
    rng (random.Random): The random generator.
    corpus (str): The name of the corpus.
    RETURNS (AnnotatedText): The list.
    """
    labels = rng.sample(sorted(mentions), min(rng.choice((1, 1, 2, 3)), len(mentions)))
    begin, end = rng.choice(rng.choice((BULLETS, COLUMNS)))
    numbered = not begin and "\n" in end and rng.random() < 0.15
    pieces: list[str] = []
    spans: list[GoldSpan] = []
    length = 0
    for i in range(rng.randint(3, 12)):
        label = rng.choice(labels)
        mention = rng.choice(mentions[label])
        before = f"{i + 1}. " if numbered else begin
        start = length + len(before)
        spans.append((start, start + len(mention), label))
        pieces += [before, mention, end]
        length = start + len(mention) + len(end)
    return AnnotatedText("".join(pieces), spans, [], annotated, corpus=corpus)
