"""Finds bad text, and mentions with contradictory labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.training.corpora import AnnotatedText

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True)
class Gates:
    """Limits that a text must meet. The defaults are those of GLiNER-BioMed (arXiv 2504.00676),
    except for the lengths, which suit whole abstracts.

    min_sentences (int): Minimum number of sentences.
    min_words (int): Minimum number of words.
    max_special (float): Maximum share of characters that are not letters, digits or white space.
    max_capitals (float): Maximum share of capitals among the letters.
    """

    min_sentences: int = 1
    min_words: int = 5
    max_special: float = 0.30
    max_capitals: float = 0.20

    def problem(self, text: str) -> str:
        """Return why a text does not meet the limits; empty if it does."""
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


class Contradictions:
    """Finds mentions that are annotated with several labels.

    Texts are read twice: first to find the mentions that have several labels, in about 100 bytes
    per distinct mention, then to count their labels. Labels from different corpora contradict
    each other only if both corpora annotate both labels.
    """

    def __init__(self) -> None:
        self.first_labels: dict[int, str] = {}  # of each mention, by its hash
        self.ambiguous: set[int] = set()  # hashes of mentions with several labels
        self.uses: dict[str, Counter[str]] = defaultdict(Counter)
        self.known: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)

    def see(self, text: AnnotatedText) -> None:
        """Note the mentions of a text, in the first reading."""
        for mention, label in _mentions(text):
            if self.first_labels.setdefault(hash(mention), label) != label:
                self.ambiguous.add(hash(mention))

    def count(self, text: AnnotatedText) -> None:
        """Count the labels of the mentions of a text, in the second reading."""
        for mention, label in _mentions(text):
            if hash(mention) in self.ambiguous:
                self.uses[mention][label] += 1
                annotated = frozenset((label,) if text.annotated is None else text.annotated)
                known = self.known[mention]
                known[label] = known[label] & annotated if label in known else annotated

    def found(self) -> list[dict[str, Any]]:
        """Return contradictory mentions with their uses per label, the most frequent first."""
        found = []
        for mention, counts in self.uses.items():
            known = self.known[mention]
            labels = [
                label
                for label in counts
                if any(other != label and other in known[label] for other in counts)
            ]
            if labels:
                uses = {name: counts[name] for name in labels}
                found.append({"mention": mention, "labels": uses})
        return sorted(found, key=lambda entry: -sum(entry["labels"].values()))


def _mentions(text: AnnotatedText) -> Iterator[tuple[str, str]]:
    return ((text.text[start:end].casefold(), label) for start, end, label in text.spans)
