"""What should not be trained on: bad text, near-duplicates, text of test sets, contradictions."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
N_FEATURES = 2**20
CHUNK = 2048  # rows compared with all others at a time


@dataclass(frozen=True)
class Gates:
    """What a text must be like to be kept; the defaults are GLiNER-BioMed's (arXiv 2504.00676)
    but for its length, which is for whole abstracts.

    min_sentences, min_words (int): At least so many sentences, and words in the whole text.
    max_special (float): Share of characters that are neither letter, digit nor white space.
    max_capitals (float): Share of letters that are capitals.
    """

    min_sentences: int = 1
    min_words: int = 5
    max_special: float = 0.30
    max_capitals: float = 0.20

    def problem(self, text: str) -> str:
        """Why a text does not pass; empty if it does."""
        letters = sum(map(str.isalpha, text))
        special = sum(not (c.isalnum() or c.isspace()) for c in text)
        if len(SENTENCE_END.findall(text)) < self.min_sentences:
            return f"fewer than {self.min_sentences} sentences"
        if len(text.split()) < self.min_words:
            return f"fewer than {self.min_words} words"
        if special > self.max_special * len(text):
            return f"more than {self.max_special:.0%} special characters"
        if sum(map(str.isupper, text)) > self.max_capitals * max(letters, 1):
            return f"more than {self.max_capitals:.0%} capitals"
        return ""


def near_duplicates(
    texts: Iterable[str], against: Iterable[str] = (), *, cosine: float = 0.9
) -> list[int | None]:
    """For each text the first that it nearly repeats, by TF-IDF of words and pairs of words.

    Vectors are hashed, so that no vocabulary is kept; about 12 bytes a distinct word of a text.

    texts (Iterable[str]): Read once.
    against (Iterable[str]): Texts that must not be repeated, such as those of test sets; they
        have the numbers -1, -2, ...
    cosine (float): From this similarity on.
    RETURNS (list[int | None]): None for those that are kept.
    RAISES (ImportError): If scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    except ImportError as error:
        raise ImportError(Errors.E112) from error
    hashing = HashingVectorizer(
        n_features=N_FEATURES, ngram_range=(1, 2), alternate_sign=False, norm=None
    )
    test, own = hashing.transform(list(against) or [""]), hashing.transform(texts)
    weigh = TfidfTransformer().fit(own)
    test, own = weigh.transform(test).tocsr(), weigh.transform(own).tocsr()
    found: list[int | None] = [None] * own.shape[0]
    for first in range(0, own.shape[0], CHUNK):
        part = own[first : first + CHUNK]
        for row, column in _similar(part, test, cosine):
            found[first + row] = -1 - column
        for row, column in _similar(part, own[: first + CHUNK], cosine):
            if column < first + row and found[first + row] is None and found[column] is None:
                found[first + row] = column
    return found


def contradictions(texts: Sequence[AnnotatedText]) -> list[dict[str, Any]]:
    """Mentions that have several labels among those that are annotated wherever they occur, the
    most frequent first.

    Labels of different corpora contradict each other only if each corpus annotates both.
    """
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    known: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for text in texts:
        for start, end, label in text.spans:
            mention = text.text[start:end].casefold()
            uses[mention][label] += 1
            annotated = set(text.annotated) if text.annotated is not None else {label}
            known[mention][label] = known[mention].get(label, annotated) & annotated
    found = []
    for mention, counts in uses.items():
        labels = [
            label
            for label in counts
            if any(other != label and other in known[mention][label] for other in counts)
        ]
        if labels:
            found.append({"mention": mention, "labels": {name: counts[name] for name in labels}})
    return sorted(found, key=lambda entry: -sum(entry["labels"].values()))


def _similar(rows: Any, others: Any, cosine: float) -> Iterator[tuple[int, int]]:
    """Pairs of rows that are similar, by row, then by the other. # (N, F), (M, F)"""
    products = (rows @ others.T).tocoo()
    near = products.data >= cosine
    yield from sorted(zip(products.row[near].tolist(), products.col[near].tolist(), strict=True))
