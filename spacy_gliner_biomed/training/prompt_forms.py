"""Forms of a label: plural, capitals, CamelCase, snake_case, typing errors; and back to words."""

import random
import re
from collections.abc import Callable
from itertools import pairwise

IRREGULAR = {"anatomy": "anatomies", "species": "species", "diagnosis": "diagnoses"}
# Nouns that are not put into the plural.
UNCOUNTED = ("use", "anatomy", "sex", "DNA", "RNA", "age", "surgery", "staging", "therapy")

# Capitals of up to three letters are an abbreviation, unless they are one of these words.
SHORT_WORDS = {"AGE", "ALL", "AND", "ANY", "ARM", "BY", "DAY", "EAR", "END", "EYE", "FOR", "GAS"}
SHORT_WORDS |= {"GUM", "HIP", "IN", "JAW", "LAB", "LEG", "LIP", "NON", "NOT", "OF", "ON", "OR"}
SHORT_WORDS |= {"PER", "RIB", "SEX", "TO", "TOE", "USE", "VIA"}
MAX_ABBREVIATION = 3  # letters


def in_words(label: str) -> str:
    """Return a label as words: "GeneOrProtein", "gene_or_protein" and "GENE_OR_PROTEIN" become
    "gene or protein".

    Abbreviations stay as they are: "DNA", "mRNA", "ADR". So does a label with a space, which is
    in words already, or with other characters than letters, digits, "_" and "-".

    label (str): The label, as a corpus writes it.
    RETURNS (str): The words.
    """
    if not re.fullmatch(r"[\w-]+", label):
        return label
    parts = [
        " ".join(word for chunk in part.split("_") for word in _words_of(chunk))
        for part in label.split("-")
    ]
    return "-".join(parts) if all(parts) else label


def with_words(label: str) -> str | dict[str, str]:
    """Return a label for the setting `labels`: written as it is, and asked for as words."""
    words = in_words(label)
    return label if words == label else {"label": label, "prompt": words}


def relation_with_words(label: str) -> str | dict[str, str]:
    """Return a relation for the setting `relations`, as `with_words` does a label."""
    words = in_words(label)
    return label if words == label else {"relation": label, "prompt": words}


def _words_of(chunk: str) -> list[str]:
    """Return the words of a part of a label, in lower case but for abbreviations."""
    borders = [i for i in range(1, len(chunk)) if _is_border(chunk, i)]
    cuts = [0, *borders, len(chunk)]
    pieces = [chunk[start:end] for start, end in pairwise(cuts)]
    return [_in_lower_case(piece) for piece in pieces if piece]


def _is_border(chunk: str, i: int) -> bool:
    """Return whether a word begins at a character of "DNARegion", "cellLine" or "CD4Cell"."""
    before, after = chunk[:i], chunk[i:]
    if not after[0].isupper() or not any(map(str.islower, chunk)):
        return False
    if before[-1].isupper():  # the last capital of several begins a word
        return after[1:2].islower() and after[1:] != "s"
    if len(before) > MAX_ABBREVIATION:
        return True
    if before.islower() and after.rstrip("s").isupper():  # "mRNA", "pH"
        return False
    return not (before.isalpha() and re.search(r"\d", after))  # "HbA1c", "SpO2"


def _in_lower_case(piece: str) -> str:
    if piece.isupper():
        is_short = len(piece) <= MAX_ABBREVIATION and piece not in SHORT_WORDS
        return piece if is_short or not piece.isalpha() else piece.lower()
    return piece.lower() if piece[1:].islower() else piece


def plural(prompt: str) -> str:
    """Return the plural of a noun phrase and its alternatives: "genes or proteins"."""
    parts = re.split(r"( or | and |/)", prompt)
    return "".join(part if i % 2 else _plural_noun(part) for i, part in enumerate(parts))


def camel_case(prompt: str) -> str:
    """Write a label as corpora do: "GeneOrProtein"."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", prompt))


def snake_case(prompt: str) -> str:
    """Write a label as databases do: "gene_or_protein"."""
    return re.sub(r"[\W_]+", "_", prompt)


def misspelt(prompt: str, rng: random.Random) -> str:
    """Swap two letters inside a long word."""
    words = [match.span() for match in re.finditer(r"[^\W\d_]{6,}", prompt)]
    if not words:
        return prompt
    start, end = rng.choice(words)
    i = rng.randrange(start + 1, end - 2)
    return prompt[:i] + prompt[i + 1] + prompt[i] + prompt[i + 2 :]


def vary_form(prompt: str, rng: random.Random) -> str:
    """Return a prompt in a random form, or unchanged."""
    forms: tuple[Callable[[str], str], ...] = (
        str,
        plural,
        str.capitalize,
        str.title,
        str.upper,
        camel_case,
        snake_case,
        lambda text: misspelt(text, rng),
    )
    return rng.choices(forms, (4, 3, 1.5, 1, 1, 1, 1, 0.5))[0](prompt)


def _plural_noun(phrase: str) -> str:
    head, of, rest = phrase.partition(" of ")
    start, word = head[: head.rfind(" ") + 1], head[head.rfind(" ") + 1 :]
    return start + _plural_word(word) + of + rest


def _plural_word(word: str) -> str:
    if not word or word in UNCOUNTED or word.endswith("s"):
        return IRREGULAR.get(word, word)
    if word in IRREGULAR:
        return IRREGULAR[word]
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(x|z|ch|sh)$", word) else f"{word}s"
