"""What should not be trained on: bad text, and mentions with contradictory labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.training.corpora import AnnotatedText

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


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


class Contradictions:
    """Mentions that have several labels among those that are annotated wherever they occur.

    Texts are read twice: once to see which mentions have several labels at all, which takes about
    100 bytes a different mention, and once to count those. Labels of different corpora contradict
    each other only if each corpus annotates both.
    """

    def __init__(self) -> None:
        self.only: dict[int, str] = {}  # the first label of each mention, by its hash
        self.several: set[int] = set()
        self.uses: dict[str, Counter[str]] = defaultdict(Counter)
        self.known: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)

    def see(self, text: AnnotatedText) -> None:
        """Note the mentions of a text, the first time."""
        for mention, label in _mentions(text):
            if self.only.setdefault(hash(mention), label) != label:
                self.several.add(hash(mention))

    def count(self, text: AnnotatedText) -> None:
        """Count the mentions of a text that was seen."""
        for mention, label in _mentions(text):
            if hash(mention) in self.several:
                self.uses[mention][label] += 1
                annotated = frozenset((label,) if text.annotated is None else text.annotated)
                known = self.known[mention]
                known[label] = known[label] & annotated if label in known else annotated

    def found(self) -> list[dict[str, Any]]:
        """Each mention with how often it has which label, the most frequent first."""
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
