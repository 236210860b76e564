"""The words of a knowledge base that can replace each other."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from spacy_gliner_biomed.linking.kb.names import GREEK, content_words

MAX_NAMES = 40  # names of a concept that are compared; the number of pairs grows with the square
MAX_OTHERS = 6
MIN_CONCEPTS = 2
MIN_LETTERS = 3
MAX_CONTRAST = 1.5  # "heavy" and "light" tell many more concepts apart than they are synonyms in
LETTERS = frozenset(GREEK.values())  # alpha and beta tell names from each other

Rewrites = Mapping[str, Sequence[str]]


class RewriteCounter:
    """Counts word replacements over the concepts of a knowledge base.

    Two names of a concept that differ in one word suggest that the two words are synonyms, such as
    "tumor" and "neoplasm". Pairs that several concepts suggest become rewrites, unless clearly
    more names of different concepts differ in these words only.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, names: Iterable[Sequence[str]]) -> None:
        """Count the replacements between the names of one concept, given as words."""
        bags = [frozenset(content_words(name)) for name in names]
        several = [bag for bag in dict.fromkeys(bags) if len(bag) > 1][:MAX_NAMES]
        found = set()
        for first, second in combinations(several, 2):
            if len(first) == len(second) and len(common := first & second) == len(first) - 1:
                (a,), (b,) = first - common, second - common
                if is_word(a) and is_word(b):
                    found.add((a, b) if a < b else (b, a))
        for pair in found:
            self.counts[pair] = self.counts.get(pair, 0) + 1

    def rewrites(self, owners: Mapping[str, int]) -> dict[str, list[str]]:
        """Return the replacements of each word, most frequent first.

        owners (Mapping[str, int]): The first concept of each bag of words, by `names.bag_key`.
        RETURNS (dict[str, list[str]]): Other words by word.
        """
        pairs = {pair: count for pair, count in self.counts.items() if count >= MIN_CONCEPTS}
        against = _contrasts(pairs, owners)
        ranked: dict[str, list[tuple[int, str]]] = {}
        for (a, b), count in pairs.items():
            if against.get((a, b), 0) < MAX_CONTRAST * count:
                ranked.setdefault(a, []).append((-count, b))
                ranked.setdefault(b, []).append((-count, a))
        return {
            word: [other for _, other in sorted(others)[:MAX_OTHERS]]
            for word, others in sorted(ranked.items())
        }


def _contrasts(
    pairs: Iterable[tuple[str, str]], owners: Mapping[str, int]
) -> dict[tuple[str, str], int]:
    """Count the names of different concepts that differ in the words of a pair only."""
    others: dict[str, list[str]] = {}
    for a, b in pairs:
        others.setdefault(a, []).append(b)
    against: dict[tuple[str, str], int] = {}
    for bag, owner in owners.items():
        parts = bag.split(" ")
        for i, part in enumerate(parts):
            for other in others.get(part, ()):
                changed = " ".join(sorted({*parts[:i], other, *parts[i + 1 :]}))
                if owners.get(changed, owner) != owner:
                    against[part, other] = against.get((part, other), 0) + 1
    return against


def variants(parts: Sequence[str], rewrites: Rewrites) -> list[list[str]]:
    """Return all variants of a name with one word replaced."""
    return [
        [*parts[:i], other, *parts[i + 1 :]]
        for i, part in enumerate(parts)
        for other in rewrites.get(part, ())
    ]


def is_word(text: str) -> bool:
    """Return whether a text is a word and no number, letter or letter's name."""
    return len(text) >= MIN_LETTERS and text.isalpha() and text not in LETTERS
