"""Words that stand for one another in a terminology: "tumor" and "neoplasm".

Two names of one concept that differ in one word say that these words may be exchanged; pairs that
several concepts say are kept. So the terminology itself teaches "breast tumors" to match "Breast
Neoplasms" where the alias is missing, and "renal" to match "kidney".
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from spacy_gliner_biomed.linking.normalization import STOP_WORDS

MAX_NAMES = 40  # of a concept that are compared: the number of pairs is its square
MAX_OTHERS = 6
LEAST_CONCEPTS = 2
LEAST_LETTERS = 3

Rewrites = Mapping[str, Sequence[str]]


class RewriteCounter:
    """Counts exchanges over concepts."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, names: Iterable[Sequence[str]]) -> None:
        """Count the exchanges that the names of one concept, as words, show."""
        bags = [frozenset(name) - STOP_WORDS for name in names]
        several = [bag for bag in dict.fromkeys(bags) if len(bag) > 1][:MAX_NAMES]
        found = set()
        for first, second in combinations(several, 2):
            if len(first) == len(second) and len(common := first & second) == len(first) - 1:
                (a,), (b,) = first - common, second - common
                if _is_word(a) and _is_word(b):
                    found.add((a, b) if a < b else (b, a))
        for pair in found:
            self.counts[pair] = self.counts.get(pair, 0) + 1

    def rewrites(self) -> dict[str, list[str]]:
        """For each word those that may take its place, the best supported first."""
        ranked: dict[str, list[tuple[int, str]]] = {}
        for (a, b), count in self.counts.items():
            if count >= LEAST_CONCEPTS:
                ranked.setdefault(a, []).append((-count, b))
                ranked.setdefault(b, []).append((-count, a))
        return {
            word: [other for _, other in sorted(others)[:MAX_OTHERS]]
            for word, others in sorted(ranked.items())
        }


def variants(parts: Sequence[str], rewrites: Rewrites) -> list[list[str]]:
    """A name with one word exchanged, in each way that is known."""
    return [
        [*parts[:i], other, *parts[i + 1 :]]
        for i, part in enumerate(parts)
        for other in rewrites.get(part, ())
    ]


def _is_word(text: str) -> bool:
    return len(text) >= LEAST_LETTERS and text.isalpha()
