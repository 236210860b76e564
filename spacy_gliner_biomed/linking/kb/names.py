"""Names as normalized words, and the keys by which equal names are found."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta"},
    **{"η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu"},
    **{"ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma"},
    **{"ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi"},
    **{"ω": "omega", "ß": "ss"},
}
# Letters that NFKD does not take apart; PDF text has the Latin alpha.
LETTERS = {**GREEK, "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ɑ": "alpha"}
LETTER_TABLE = str.maketrans(LETTERS)
APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´′ʹʼ＇", "'"))
# "x" is not one of them: X chromosomes, X-rays and the fragile X are no tens.
NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
ROMAN = {numeral: str(i) for i, numeral in enumerate(NUMERALS, 1)}
ROMAN |= {"xi": "11", "xii": "12", "xiii": "13"}
# Words that may be missing, except at the start of a name, where they are symbols ("OR1A1").
FUNCTION_WORDS = frozenset(
    {"and", "by", "due", "for", "from", "in", "of", "on", "or", "to", "with"}
)
DETERMINERS = frozenset({"an", "the", "other"})  # may be missing anywhere
ARTICLE = re.compile(r"\s*a\s+(?=\w\w)")  # "a fever"; the A of "A kinase anchor" is a letter
# What makes "type" superfluous: "type 2", "type A", "type IIa".
AFTER_TYPE = re.compile(r"\d+|[a-z]|[ivx]+[a-d]")
WORD = re.compile(r"[^\W\d_]+|\d+")
MARK = re.compile(r"\d+|\b[^\W\d_]\b")
POSSESSIVE = re.compile(r"(?<=\w)['`]s?\b")

# Maps spelling variants to one spelling, for comparison only.
SPELLINGS = [
    (re.compile("ae|oe"), "e"),
    (re.compile("our(?=$|al$)"), "or"),
    (re.compile("(?<=[bt])re$"), "er"),
    (re.compile("logue$"), "log"),
    (re.compile("^grey$"), "gray"),
    (re.compile("^aluminium$"), "aluminum"),
    (re.compile("sulph"), "sulf"),
    (re.compile("leuco"), "leuko"),
    (re.compile("isation"), "ization"),
    (re.compile("lys(?=e|ing)"), "lyz"),
]


def fold(text: str) -> str:
    """Fold a name: one case, no accents, Greek letters spelled out, single spaces."""
    if text.isascii():  # true for most mentions; ten times faster
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text.translate(APOSTROPHES)).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.translate(LETTER_TABLE).split())


def words(text: str) -> list[str]:
    """Split a name into normalized words: "Type-II tumours" -> ["type", "2", "tumor"].

    Letters and digits are separate words, so that "IL2" equals "IL-2". A single letter at the start
    is never a numeral: "V-ATPase", "I-131".
    """
    article = ARTICLE.match(text)
    bare = POSSESSIVE.sub("", fold(text[article.end() :] if article else text))
    found = WORD.findall(bare)
    return [
        (ROMAN.get(word) if i or len(word) > 1 else None) or _singular(word)
        for i, word in enumerate(found)
    ]


def sequence_key(parts: Sequence[str]) -> str:
    """Return a key that names with the same words in the same order share.

    Words may be joined, but not numbers: "CDK1/2" is not CDK12.
    """
    return re.sub(r"(?<=\d)\0(?=\d)", " ", "\0".join(parts)).replace("\0", "")


def bag_key(parts: Sequence[str]) -> str:
    """Return a key that names with the same words in any order share.

    Of several numbers, each belongs to the word before it: "SLC2A1" is not "SLC1A2".
    """
    several = sum(part.isdigit() for part in parts) > 1
    return " ".join(sorted({*content_words(_with_numbers(parts) if several else parts)}))


def differ_in_marks(one: str, other: str) -> bool:
    """Return whether each of two bags of words has a number or letter that the other has not.

    Numbers and letters often are all that tells a name from others.
    """
    first, second = set(MARK.findall(one)), set(MARK.findall(other))
    return bool(first - second and second - first)


def content_words(parts: Sequence[str]) -> list[str]:
    """Return the words that tell a name from others; all, if only numbers and letters were left."""
    content = [part for i, part in enumerate(parts) if not _may_be_missing(parts, i)]
    return content if any(len(part) > 1 and part.isalpha() for part in content) else [*parts]


def _may_be_missing(parts: Sequence[str], i: int) -> bool:
    part = parts[i]
    if part == "type":
        return i + 1 < len(parts) and bool(AFTER_TYPE.fullmatch(parts[i + 1]))
    if part == "nos":  # "pneumonia, not otherwise specified"; but NOS1 is a gene
        return 0 < i == len(parts) - 1
    return part in DETERMINERS or (i > 0 and part in FUNCTION_WORDS)


def _with_numbers(parts: Sequence[str]) -> list[str]:
    """Join each number to the word before it; a list such as "CDK1/2" repeats the word.

    The number of a type is on its own, since it may stand anywhere: "type II IL-1 receptor".
    """
    joined: list[str] = []
    word = ""
    for i, part in enumerate(parts):
        if part.isdigit():
            if joined and joined[-1] == word:
                joined.pop()
            joined.append(word + part)
        elif part == "type" and _may_be_missing(parts, i):
            word = ""
        else:
            joined.append(part)
            word = word if i and part in FUNCTION_WORDS else part
    return joined


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
