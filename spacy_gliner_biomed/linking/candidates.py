"""Concepts that a name may stand for: by its exact form, by exchanged words, by similarity."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.linking.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.normalization import (
    STOP_WORDS,
    bag_key,
    fold,
    sequence_key,
    words,
)
from spacy_gliner_biomed.linking.rewrites import variants

# Scores of names that are equal: but for case; in their words and the order; in their words.
SAME, SAME_CASE_APART, SAME_SEQUENCE, SAME_BAG = 1.0, 0.995, 0.98, 0.97
REWRITTEN = 0.92
# A cosine of 1 is less than an equal name, and equal bags have it.
SIMILAR = 0.9
# Initials: with no word of the name in the text, and what all its words there add.
INITIALS, IN_CONTEXT = 0.5, 0.3
MAX_ACRONYM = 6

N_FORMS = 20
LEAST_COSINE = 0.35
# Of two concepts with an equal score, the one whose preferred name it is goes first.
NOT_PREFERRED = 0.0005

Scores = dict[int, float]


@dataclass(frozen=True)
class Scope:
    """The part of a terminology that a label may be linked to.

    concepts, forms (NDArray | None): Which are allowed; None for all.
    """

    concepts: NDArray[np.bool_] | None = None
    forms: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, kb: KnowledgeBase, concepts: NDArray[np.bool_]) -> "Scope":
        """The scope of allowed concepts; a form is allowed if one of its names is."""
        tables = kb.tables
        allowed = concepts[tables.concepts[tables.forms]]
        return cls(concepts, np.logical_or.reduceat(allowed, tables.first_forms[:-1]))

    def allows(self, concept: int) -> bool:
        """Whether a concept is in it."""
        return self.concepts is None or bool(self.concepts[concept])


def find_candidates(kb: KnowledgeBase, name: str, scope: Scope) -> Scores:
    """Concepts with a name that is equal or similar, with scores from 0 to 1.

    Similar names are looked up only if none is equal.
    """
    tables, scores = kb.tables, Scores()
    parts = words(name)
    for row in tables.by_fold.find(fold(name)).tolist():
        same = SAME if tables.names[row] == name else SAME_CASE_APART
        _put_all(kb, scores, scope, [row], same)
    if not parts:
        return scores
    in_sequence = tables.by_sequence.find(sequence_key(parts)).tolist()
    _put_all(kb, scores, scope, in_sequence, SAME_SEQUENCE)
    bag = bag_key(parts)
    _put_all(kb, scores, scope, _rows_of_bag(kb, bag), SAME_BAG)
    if scores:
        return scores
    for variant in variants(parts, kb.rewrites):
        _put_all(kb, scores, scope, _rows_of_bag(kb, bag_key(variant)), REWRITTEN)
    forms, cosines = tables.ngrams.search(bag, k=N_FORMS, least=LEAST_COSINE, allowed=scope.forms)
    for form, cosine in zip(forms.tolist(), cosines.tolist(), strict=True):
        _put_all(kb, scores, scope, _rows_of_form(kb, form), SIMILAR * cosine)
    return scores


def find_acronym(kb: KnowledgeBase, short: str, context: Container[str], scope: Scope) -> Scores:
    """Concepts with a name that has these initials; those whose words are in the text go first.

    context (Container[str]): The words of the text, as `normalization.words` gives them.
    """
    scores = Scores()
    if not (short.isupper() and short.isalpha() and 2 <= len(short) <= MAX_ACRONYM):
        return scores
    for row in kb.tables.by_acronym.find(short.casefold()).tolist():
        content = set(words(kb.tables.names[row])) - STOP_WORDS
        share = sum(word in context for word in content) / len(content)
        _put_all(kb, scores, scope, [row], INITIALS + IN_CONTEXT * share)
    return scores


def _rows_of_bag(kb: KnowledgeBase, bag: str) -> Iterable[int]:
    for form in kb.tables.by_bag.find(bag).tolist():
        yield from _rows_of_form(kb, form)


def _rows_of_form(kb: KnowledgeBase, form: int) -> list[int]:
    first_forms = kb.tables.first_forms
    rows: list[int] = kb.tables.forms[first_forms[form] : first_forms[form + 1]].tolist()
    return rows


def _put_all(
    kb: KnowledgeBase, scores: Scores, scope: Scope, rows: Iterable[int], score: float
) -> None:
    """Raise the scores of names' concepts."""
    concepts, first_names = kb.tables.concepts, kb.tables.first_names
    for row in rows:
        concept = concepts.item(row)
        if not scope.allows(concept):
            continue
        preferred = row == first_names.item(concept)
        reached = score if preferred else score - NOT_PREFERRED
        if reached > scores.get(concept, 0.0):
            scores[concept] = reached
