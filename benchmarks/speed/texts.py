"""Real texts in three mixes, and labels to ask for."""

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
# Where a mix comes from: corpus and split.
SOURCES = {
    "sentences": ("bc2gm", "test"),
    "abstracts": ("bc5cdr", "test"),
    "articles": ("craft", "test"),
}


def read_texts(corpora: Path, mix: str, n_words: int) -> list[str]:
    """Texts of a mix with so many words in all; the last is cut.

    corpora (Path): A folder of `<corpus>/<split>.jsonl.gz`, a JSON object with "text" a line.
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
    """Different labels of the usual length."""
    names = [f"{prefix}{name}" for prefix in _prefixes(count) for name in LABELS]
    return names[:count]


def count_words(text: str) -> int:
    """Words in the sense of the eye: between white space."""
    return len(text.split())


def cut(text: str, n_words: int) -> list[str]:
    """Pieces of so many words, for a reader that would drop what is beyond."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    borders = [0, *ends[n_words - 1 :: n_words]]
    if borders[-1] != ends[-1]:
        borders.append(ends[-1])
    return [text[a:b] for a, b in pairwise(borders)]


def _prefixes(count: int) -> list[str]:
    n_groups = -(-count // len(LABELS))
    return ["", *(f"type {i} " for i in range(1, n_groups))]
