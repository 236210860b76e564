"""Texts in three mixes, and labels."""

import gzip
import json
import re
from itertools import pairwise
from pathlib import Path

LABELS = [
    "disease",
    "symptom",
    "drug",
    "chemical",
    "gene or protein",
    "species",
    "cell type",
    "cell line",
    "anatomical structure",
    "diagnostic procedure",
    "drug dosage",
    "mutation",
    "biological process",
    "medical device",
    "adverse event",
    "body fluid",
    "hormone",
    "virus",
    "bacterium",
    "laboratory value",
]
# Corpus and split of each mix.
SOURCES = {
    "sentences": ("bc2gm", "test"),
    "abstracts": ("bc5cdr", "test"),
    "articles": ("craft", "test"),
}


def read_texts(corpora: Path, mix: str, n_words: int) -> list[str]:
    """Read texts of a mix.

    corpora (Path): A folder of `<corpus>/<split>.jsonl.gz`, lines of JSON objects with "text".
    mix (str): A key of `SOURCES`.
    n_words (int): Words of all texts together; the last text is cut.
    RETURNS (list[str]): The texts.
    """
    corpus, split = SOURCES[mix]
    texts: list[str] = []
    with gzip.open(corpora / corpus / f"{split}.jsonl.gz", "rt", encoding="utf8") as lines:
        for line in lines:
            texts.append(cut(json.loads(line)["text"], n_words)[0])
            n_words -= count_words(texts[-1])
            if n_words <= 0:
                break
    return texts


def make_labels(count: int) -> list[str]:
    """Return this many different labels of the usual length."""
    names = [f"{prefix}{name}" for prefix in _prefixes(count) for name in LABELS]
    return names[:count]


def count_words(text: str) -> int:
    """Count words between white space."""
    return len(text.split())


def cut(text: str, n_words: int) -> list[str]:
    """Cut a text into pieces of at most so many words."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    borders = [0, *ends[n_words - 1 :: n_words]]
    if borders[-1] != ends[-1]:
        borders.append(ends[-1])
    return [text[a:b] for a, b in pairwise(borders)]


def _prefixes(count: int) -> list[str]:
    n_groups = -(-count // len(LABELS))
    return ["", *(f"type {i} " for i in range(1, n_groups))]
