"""Candidate concepts for names, and a cache of them."""

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import (
    bag_key,
    content_words,
    differ_in_marks,
    fold,
    sequence_key,
    words,
)
from spacy_gliner_biomed.linking.kb.rewrites import is_word, variants
from spacy_gliner_biomed.linking.kb.species import is_taxon, species_of

# Scores of equal names: identical; up to case; same words in the same order; same words.
SAME, SAME_CASE_APART, SAME_SEQUENCE, SAME_BAG = 1.0, 0.995, 0.98, 0.97
# A name with one word replaced. What means the same beside another word ("breast cancer", "breast
# carcinoma") may differ alone: such a concept is a candidate below the default threshold of links.
REWRITTEN, REWRITTEN_ALONE = 0.92, 0.69
# The score of a similar name at a cosine of 1; lower than the score of any equal name.
SIMILAR = 0.9
# Other numbers ("chromosome 10", "chromosome X") are no link at the default threshold.
LINKED, OTHER_MARKS = 0.7, 0.77
# A match of initials: its score if no word of the name is in the text; the bonus if all are.
INITIALS, IN_CONTEXT = 0.5, 0.3
MAX_ACRONYM = 6

N_FORMS = 20
TOGETHER = 64  # names that are searched together
MIN_COSINE = 0.35
# An alias scores slightly less than a canonical name.
NOT_PREFERRED = 0.0005
EQUAL = SAME_BAG - NOT_PREFERRED  # the lowest score of an equal name

Scores = dict[int, float]


@dataclass(frozen=True)
class Scope:
    """The part of a knowledge base that a label may be linked to.

    concepts, forms (NDArray | None): Masks of what is allowed; None for all.
    """

    concepts: NDArray[np.bool_] | None = None
    forms: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, kb: KnowledgeBase, concepts: NDArray[np.bool_]) -> "Scope":
        """Make the scope of allowed concepts; a form is allowed if one of its names is.

        kb (KnowledgeBase): The knowledge base.
        concepts (NDArray): A mask. # (concepts,)
        RETURNS (Scope): The scope.
        """
        tables = kb.tables
        allowed = concepts[tables.concepts[tables.forms]]
        return cls(concepts, np.logical_or.reduceat(allowed, tables.first_forms[:-1]))

    def allows(self, concept: int) -> bool:
        """Return whether the scope contains a concept."""
        return self.concepts is None or bool(self.concepts[concept])


def find_candidates(
    kb: KnowledgeBase, names: Sequence[str], scope: Scope, *, only_best: bool = False
) -> list[Scores]:
    """Find concepts with an equal or similar name; equal names have the higher scores.

    Similar names are searched for all names together, which takes half the time.

    kb (KnowledgeBase): The knowledge base.
    names (Sequence[str]): Names to look up.
    scope (Scope): The concepts that may be found.
    only_best (bool): Search no similar names where a name is equal, which is several times as
        fast, but does not show that a name is ambiguous.
    RETURNS (list[Scores]): Scores from 0 to 1 by concept number, for each name.
    """
    parts = [words(name) for name in names]
    found = _find_equal(kb, names, parts, scope)
    new = [i for i in range(len(names)) if parts[i] and not (only_best and found[i])]
    _find_rewritten(kb, [parts[i] for i in new], scope, [found[i] for i in new])
    for first in range(0, len(new), TOGETHER):
        some = new[first : first + TOGETHER]
        _find_similar(kb, [bag_key(parts[i]) for i in some], scope, [found[i] for i in some])
    return found


def _find_equal(
    kb: KnowledgeBase, names: Sequence[str], parts: Sequence[list[str]], scope: Scope
) -> list[Scores]:
    tables, found = kb.tables, [Scores() for _ in names]
    by_fold = tables.by_fold.find([fold(name) for name in names])
    by_sequence = tables.by_sequence.find([sequence_key(each) for each in parts])
    by_bag = _rows_of_bags(kb, [bag_key(each) for each in parts])
    for i, scores in enumerate(found):
        for row in by_fold[i]:
            same = SAME if tables.names[row] == names[i] else SAME_CASE_APART
            _put_all(kb, scores, scope, [row], same)
        if parts[i]:
            _put_all(kb, scores, scope, by_sequence[i], SAME_SEQUENCE)
            _put_all(kb, scores, scope, by_bag[i], SAME_BAG)
    for scores, each in zip(found, parts, strict=True):
        species = species_of(kb, each)
        if species is not None and scope.allows(species):
            for number in scores:  # the genus of the same name goes after the species
                if number != species and is_taxon(tables.ids[number]):
                    scores[number] = min(scores[number], SAME_BAG)
            scores[species] = max(SAME_SEQUENCE, scores.get(species, 0.0))
    return found


def _find_rewritten(
    kb: KnowledgeBase, parts: Sequence[list[str]], scope: Scope, scores: Sequence[Scores]
) -> None:
    """Raise the scores of concepts whose name results from replacing one word."""
    rewritten = [
        (i, bag_key(v)) for i, each in enumerate(parts) for v in variants(each, kb.rewrites)
    ]
    reached = [_rewritten_score(each) for each in parts]
    rows_of = _rows_of_bags(kb, [bag for _, bag in rewritten])
    for (i, _), rows in zip(rewritten, rows_of, strict=True):
        _put_all(kb, scores[i], scope, rows, reached[i])


def _rewritten_score(parts: Sequence[str]) -> float:
    return REWRITTEN if sum(map(is_word, content_words(parts))) > 1 else REWRITTEN_ALONE


def _find_similar(
    kb: KnowledgeBase, bags: Sequence[str], scope: Scope, scores: Sequence[Scores]
) -> None:
    """Raise the scores of concepts by the cosines of their forms."""
    tables = kb.tables
    found = tables.ngrams.search(bags, k=N_FORMS, min_cosine=MIN_COSINE, allowed=scope.forms)
    owners = np.repeat(np.arange(len(found)), [len(forms) for forms, _ in found])
    rows, counts = _rows_of_forms(kb, np.concatenate([forms for forms, _ in found]))
    concepts = tables.concepts[rows]
    reached = SIMILAR * np.repeat(np.concatenate([cosines for _, cosines in found]), counts)
    reached[rows != tables.first_names[concepts]] -= NOT_PREFERRED
    columns = (owners.repeat(counts), rows, concepts, reached)
    for owner, row, concept, score in zip(*(each.tolist() for each in columns), strict=True):
        if score > scores[owner].get(concept, 0.0) and scope.allows(concept):
            if score >= LINKED and differ_in_marks(bags[owner], bag_key(words(tables.names[row]))):
                score *= OTHER_MARKS
            scores[owner][concept] = max(score, scores[owner].get(concept, 0.0))


def find_acronym(kb: KnowledgeBase, short: str, context: Container[str], scope: Scope) -> Scores:
    """Find concepts by the initials of a name; words that are in the text raise the score.

    kb (KnowledgeBase): The knowledge base.
    short (str): The abbreviation.
    context (Container[str]): The words of the text, normalized by `names.words`.
    scope (Scope): The concepts that may be found.
    RETURNS (Scores): Scores by concept number.
    """
    scores = Scores()
    if not (short.isupper() and short.isalpha() and 2 <= len(short) <= MAX_ACRONYM):
        return scores
    for row in kb.tables.by_acronym.find([short.casefold()])[0]:
        content = set(content_words(words(kb.tables.names[row])))
        share = sum(word in context for word in content) / len(content)
        _put_all(kb, scores, scope, [row], INITIALS + IN_CONTEXT * share)
    return scores


def _rows_of_bags(kb: KnowledgeBase, bags: Sequence[str]) -> list[list[int]]:
    return [
        _rows_of_forms(kb, np.array(forms))[0].tolist() if forms else []
        for forms in kb.tables.by_bag.find(bags)
    ]


def _rows_of_forms(
    kb: KnowledgeBase, forms: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the names of forms, form by form, and the number of names of each."""
    firsts = kb.tables.first_forms[forms]
    counts = kb.tables.first_forms[forms + 1] - firsts
    shifts = np.repeat(firsts - np.cumsum(counts) + counts, counts)
    return kb.tables.forms[np.arange(len(shifts)) + shifts], counts


def _put_all(
    kb: KnowledgeBase, scores: Scores, scope: Scope, rows: Iterable[int], score: float
) -> None:
    """Raise the scores of the concepts of names."""
    concepts, first_names = kb.tables.concepts, kb.tables.first_names
    for row in rows:
        concept = concepts.item(row)
        if not scope.allows(concept):
            continue
        preferred = row == first_names.item(concept)
        reached = score if preferred else score - NOT_PREFERRED
        if reached > scores.get(concept, 0.0):
            scores[concept] = reached


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LookupCache(Generic[K, V]):
    """Values by key. A full cache starts again empty.

    Several threads may share it without a lock, which could not be pickled: a full dict is
    replaced, not emptied, so other threads can finish with the old one.

    max_size (int): Maximum number of keys; one call may exceed it.
    """

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self._entries: dict[K, V] = {}

    def get_all(self, keys: Iterable[K], make: Callable[[list[K]], Iterable[V]]) -> dict[K, V]:
        """Return the values of keys; compute the missing ones together.

        keys (Iterable[K]): The keys; may repeat.
        make (Callable): Computes the values of a list of keys.
        RETURNS (dict[K, V]): The values of all keys, even if other threads replace the cache.
        """
        entries = self._entries
        wanted = dict.fromkeys(keys)
        found = {key: entries[key] for key in wanted if key in entries}
        if new := [key for key in wanted if key not in found]:
            made = dict(zip(new, make(new), strict=True))
            if len(entries) + len(made) > self.max_size:
                entries = self._entries = {}
            entries.update(made)
            found.update(made)
        return found
