"""Forms of a label: plural, capitals, CamelCase, snake_case, typing errors."""

import random
import re
from collections.abc import Callable

IRREGULAR = {"anatomy": "anatomies", "species": "species", "diagnosis": "diagnoses"}
# Left as they are: what they stand for is not counted.
UNCOUNTED = ("use", "anatomy", "sex", "DNA", "RNA", "age", "surgery", "staging", "therapy")


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
