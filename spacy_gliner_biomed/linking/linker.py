"""Ranks concepts for mentions by candidate scores and votes of the memory, within label rules."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.candidates import (
    EQUAL,
    LookupCache,
    Scope,
    find_acronym,
    find_candidates,
)
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.label_types import ANY_LABEL
from spacy_gliner_biomed.linking.linker_settings import LabelRule, make_scopes
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.name_vectors import NameVectors

# If a text defines an abbreviation, the abbreviation itself counts less than its long form.
OWN_TEXT = 0.6
EXPANDED = 0.97
SURE = 0.9  # with a candidate of this score, initials are not searched
MAX_CACHED = 50_000  # names for each knowledge base and scope

Ranked = list[tuple[str, float]]


class Mention(NamedTuple):
    """An entity to link.

    text (str): Its text.
    label (str): Its label.
    long_form (str | None): Its long form, if its document defines one.
    expanded (str): Its text with the abbreviations in it expanded.
    context (Container[str]): The words of its document.
    """

    text: str
    label: str
    long_form: str | None = None
    expanded: str = ""
    context: Container[str] = frozenset()

    @property
    def is_expanded(self) -> bool:
        """Whether abbreviations in it were expanded."""
        return bool(self.expanded) and self.expanded != self.text

    @property
    def whole_name(self) -> str:
        """The name with all abbreviations expanded that the document defines."""
        return self.long_form or self.expanded or self.text

    @property
    def names(self) -> list[str]:
        """The names to look up."""
        if self.long_form:
            return [self.text, self.long_form]
        return [self.text, self.expanded] if self.is_expanded else [self.text]


class RankedScores(dict[str, float]):
    """Scores by concept id, best first."""


@dataclass
class ConceptLinker:
    """Ranks the concepts of knowledge bases for mentions; several threads may share it.

    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    rules (Sequence[LabelRule]): What each label may be linked to; if empty, any concept. If there
        are rules, a label without one is not linked.
    memory (MentionMemory): Training mentions.
    memory_weight (float): Weight of their votes; a candidate with an identical name scores 1.
    vectors (NameVectors | None): Also rank by these vectors where no name is identical.
    only_best (bool): See `find_candidates`; for linkers that need no further candidates.
    RAISES (ValueError): If a rule names an unknown knowledge base or type.
    """

    kbs: Sequence[KnowledgeBase]
    rules: Sequence[LabelRule] = ()
    memory: MentionMemory = field(default_factory=MentionMemory)
    memory_weight: float = 2.0
    vectors: NameVectors | None = None
    only_best: bool = False

    def __post_init__(self) -> None:
        self._scopes: dict[str, list[Scope | None]] = {}
        # By knowledge base and scope.
        self._caches: dict[tuple[str, str], LookupCache[str, RankedScores]] = {}
        self._rules = {rule.label: rule for rule in self.rules}
        check_distinct(self.kbs)
        known = {kb.name for kb in self.kbs}
        for rule in self.rules:
            if unknown := sorted(rule.sources - known):
                listed = ", ".join(sorted(known))
                raise ValueError(Errors.E087.format(found=unknown, known=listed))
            self._scopes_of(rule.label)

    def prepare(self, mentions: Iterable[Mention]) -> None:
        """Look up all new names of mentions together, which is faster than one by one."""
        different = list(dict.fromkeys(mentions))
        if self._remembers:
            self.memory.prepare(mention.whole_name for mention in different)
        names: dict[str, dict[str, None]] = {}
        for mention in different:
            names.setdefault(mention.label, {}).update(dict.fromkeys(mention.names))
        for label, wanted in names.items():
            for kb, scope in zip(self.kbs, self._scopes_of(label), strict=True):
                if scope is not None:
                    self._look_up(kb, wanted, label, scope)

    def rank(self, mention: Mention) -> Ranked:
        """Rank all candidates of a mention, best first; equal scores by id.

        RETURNS (list[tuple[str, float]]): Ids and scores from 0 to 1.
        """
        scopes = zip(self.kbs, self._scopes_of(mention.label), strict=True)
        found = [self._score(kb, mention, scope) for kb, scope in scopes if scope is not None]
        scores = found[0] if len(found) == 1 else _highest([(each, 1.0) for each in found])
        if votes := self._votes(mention):
            scores = _with_votes(scores, votes, self.memory_weight)
            return [(concept_id, min(score, 1.0)) for concept_id, score in _in_order(scores)]
        return list(scores.items() if isinstance(scores, RankedScores) else _in_order(scores))

    def rank_all(self, mentions: Sequence[Mention], k: int, min_score: float) -> list[Ranked]:
        """Rank the best candidates of mentions; equal mentions are ranked once.

        mentions (Sequence[Mention]): The mentions.
        k (int): Maximum number of candidates of each.
        min_score (float): Minimum score of a candidate.
        RETURNS (list[Ranked]): Candidates of each mention, best first.
        """
        ranked = {
            mention: [pair for pair in self.rank(mention)[:k] if pair[1] >= min_score]
            for mention in dict.fromkeys(mentions)
        }
        return [ranked[mention] for mention in mentions]

    def _score(self, kb: KnowledgeBase, mention: Mention, scope: Scope) -> Mapping[str, float]:
        named = partial(self._named, kb, label=mention.label, scope=scope)
        scores = named(mention.text)
        if mention.long_form:
            scores = _highest([(scores, OWN_TEXT), (named(mention.long_form), 1.0)])
        elif mention.is_expanded:
            scores = _highest([(scores, 1.0), (named(mention.expanded), EXPANDED)])
        if not mention.long_form and max(scores.values(), default=0.0) < SURE:
            found = find_acronym(kb, mention.text, mention.context, scope)
            by_id = {kb.tables.ids[number]: score for number, score in found.items()}
            scores = _highest([(scores, 1.0), (by_id, 1.0)]) if by_id else scores
        return scores

    def _named(self, kb: KnowledgeBase, name: str, label: str, scope: Scope) -> Mapping[str, float]:
        return self._look_up(kb, [name], label, scope)[name]

    def _look_up(
        self, kb: KnowledgeBase, names: Iterable[str], label: str, scope: Scope
    ) -> dict[str, RankedScores]:
        key = (kb.name, self._scope_name(label))
        cache = self._caches.setdefault(key, LookupCache(MAX_CACHED))
        return cache.get_all(names, lambda new: self._find(kb, new, scope))

    def _find(
        self, kb: KnowledgeBase, names: Sequence[str], scope: Scope
    ) -> Iterator[RankedScores]:
        found = find_candidates(kb, names, scope, only_best=self.only_best)
        if self.vectors is not None:
            found = self.vectors.merge(kb, names, found, scope)
        for scores in found:
            by_id = {kb.tables.ids[number]: score for number, score in scores.items()}
            yield RankedScores(_in_order(by_id))

    def _votes(self, mention: Mention) -> dict[str, float]:
        if not self._remembers:
            return {}
        name, defined = mention.whole_name, bool(mention.long_form)
        votes = self.memory.votes(mention.label, name, defined=defined)
        return {id_: vote for id_, vote in votes.items() if self._allows(mention.label, id_)}

    @property
    def _remembers(self) -> bool:
        return bool(len(self.memory) and self.memory_weight)

    def _allows(self, label: str, concept_id: str) -> bool:
        """Return whether a knowledge base has the id, within the label's scope."""
        for kb, scope in zip(self.kbs, self._scopes_of(label), strict=True):
            number = None if scope is None else kb.number(concept_id)
            if scope is not None and number is not None and scope.allows(number):
                return True
        return False

    def _scopes_of(self, label: str) -> list[Scope | None]:
        """Return the allowed part of each knowledge base; None for nothing."""
        key = self._scope_name(label)
        if self.rules and key not in self._rules:
            return [None] * len(self.kbs)
        if key not in self._scopes:
            self._scopes[key] = make_scopes(self.kbs, self._rules.get(key))
        return self._scopes[key]

    def _scope_name(self, label: str) -> str:
        return label if label in self._rules else ANY_LABEL


def _with_votes(
    scores: Mapping[str, float], votes: Mapping[str, float], weight: float
) -> dict[str, float]:
    """Add votes to scores.

    A name that is only similar adds nothing to a concept's votes where another name is equal: it
    would outweigh what annotators chose for that name.
    """
    is_equal = max(scores.values(), default=0.0) >= EQUAL
    voted = dict(scores)
    for concept_id, vote in votes.items():
        own = scores.get(concept_id, 0.0)
        counted = own if own >= EQUAL or not is_equal else 0.0
        voted[concept_id] = max(own, counted + weight * vote)
    return voted


def _in_order(scores: Mapping[str, float]) -> Ranked:
    """Sort by score, highest first; equal scores by id."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _highest(found: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Take the highest of each concept's weighted scores."""
    highest: dict[str, float] = {}
    for scores, weight in found:
        for concept_id, score in scores.items():
            highest[concept_id] = max(weight * score, highest.get(concept_id, 0.0))
    return highest


def check_distinct(kbs: Sequence[KnowledgeBase]) -> None:
    """RAISES (ValueError): If two knowledge bases share a name or a concept id."""
    for first, second in combinations(kbs, 2):
        names = f"{first.name!r} and {second.name!r}"
        if first.name == second.name:
            raise ValueError(Errors.E091.format(name=first.name))
        common = np.isin(first.tables.by_id.hashes, second.tables.by_id.hashes)
        if np.any(common):
            shared = [first.tables.ids[i] for i in first.tables.by_id.rows[common][:5]]
            raise ValueError(Errors.E089.format(found=", ".join(shared), names=names))
