"""Names as normalized words, and the words of a knowledge base that can replace each other."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta"},
    **{"η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu"},
    **{"ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma"},
    **{"ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi"},
    **{"ω": "omega", "ß": "ss"},
}
GREEK_TABLE = str.maketrans(GREEK)
NUMERALS = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"]
ROMAN = {numeral: str(i) for i, numeral in enumerate(NUMERALS, 1)}
STOP_WORDS = frozenset(
    {"a", "an", "and", "by", "due", "for", "from", "in", "nos", "of", "on", "or", "other"}
    | {"the", "to", "type", "with"}
)
WORD = re.compile(r"[^\W\d_]+|\d+")
POSSESSIVE = re.compile(r"(?<=\w)['’]s?\b")

# Maps spelling variants to one spelling, for comparison only.
SPELLINGS = [
    (re.compile("ae|oe"), "e"),
    (re.compile("our$"), "or"),
    (re.compile("sulph"), "sulf"),
    (re.compile("leuco"), "leuko"),
    (re.compile("isation"), "ization"),
    (re.compile("lys(?=e|ing)"), "lyz"),
]


def fold(text: str) -> str:
    """Fold a name: one case, no accents, Greek letters spelled out, single spaces."""
    if text.isascii():  # true for most mentions; ten times faster
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.translate(GREEK_TABLE).split())


def words(text: str) -> list[str]:
    """Split a name into normalized words: "Type-II tumours" -> ["type", "2", "tumor"].

    Letters and digits are separate words, so that "IL2" equals "IL-2".
    """
    bare = POSSESSIVE.sub("", fold(text))
    return [ROMAN.get(word) or _singular(word) for word in WORD.findall(bare)]


def sequence_key(parts: list[str]) -> str:
    """Return a key that names with the same words in the same order share."""
    return "".join(parts)


def bag_key(parts: list[str]) -> str:
    """Return a key that names with the same words in any order share."""
    return " ".join(sorted({part for part in parts if part not in STOP_WORDS} or parts))


@lru_cache(maxsize=100_000)
def _singular(word: str) -> str:
    if len(word) > 3:
        word = _without_plural(word)
        for pattern, spelling in SPELLINGS:
            word = pattern.sub(spelling, word)
    return word


def _without_plural(word: str) -> str:
    if word.endswith(("sis", "ses", "se", "xis", "xes")):  # metastases, diseases, viruses
        return re.sub("[ei]s?$", "", word[:-1]) if word.endswith("s") else word[:-1]
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("mata") or (word.endswith("ae") and len(word) > 5):
        return word[: -2 if word.endswith("mata") else -1]
    if word.endswith(("ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


MAX_NAMES = 40  # names of a concept that are compared; the number of pairs grows with the square
MAX_OTHERS = 6
MIN_CONCEPTS = 2
MIN_LETTERS = 3

Rewrites = Mapping[str, Sequence[str]]


class RewriteCounter:
    """Counts word replacements over the concepts of a knowledge base.

    Two names of a concept that differ in one word suggest that the two words are synonyms, such as
    "tumor" and "neoplasm". Pairs that several concepts suggest become rewrites.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, names: Iterable[Sequence[str]]) -> None:
        """Count the replacements between the names of one concept, given as words."""
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
        """Return the replacements of each word, most frequent first."""
        ranked: dict[str, list[tuple[int, str]]] = {}
        for (a, b), count in self.counts.items():
            if count >= MIN_CONCEPTS:
                ranked.setdefault(a, []).append((-count, b))
                ranked.setdefault(b, []).append((-count, a))
        return {
            word: [other for _, other in sorted(others)[:MAX_OTHERS]]
            for word, others in sorted(ranked.items())
        }


def variants(parts: Sequence[str], rewrites: Rewrites) -> list[list[str]]:
    """Return all variants of a name with one word replaced."""
    return [
        [*parts[:i], other, *parts[i + 1 :]]
        for i, part in enumerate(parts)
        for other in rewrites.get(part, ())
    ]


def _is_word(text: str) -> bool:
    return len(text) >= MIN_LETTERS and text.isalpha()
