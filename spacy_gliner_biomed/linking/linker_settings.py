"""The linker's settings, checked as one value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.candidates import SIMILAR, Scope
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.label_types import ANY_LABEL, UNTYPED, expand_types


@dataclass(frozen=True)
class LabelRule:
    """What entities of a label may be linked to.

    label (str): The label; "*" stands for all labels without a rule.
    types (frozenset[str]): Concept types, or tree numbers of MeSH such as "C" and "F03"; "" for
        concepts without a type; empty for all.
    sources (frozenset[str]): Names of knowledge bases; empty for all.
    """

    label: str
    types: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, rule: Mapping[str, Any]) -> "LabelRule":
        """Read a rule of the config: {"label": "disease", "types": [...], "sources": [...]}.

        RAISES (ValueError): If it is not of this form.
        """
        lists = {name: rule.get(name) or [] for name in ("types", "sources")}
        right = isinstance(rule.get("label"), str) and set(rule) <= {"label", *lists}
        if not right or not all(
            isinstance(value, list) and all(isinstance(item, str) for item in value)
            for value in lists.values()
        ):
            raise ValueError(Errors.E086.format(found=dict(rule)))
        return cls(rule["label"], frozenset(lists["types"]), frozenset(lists["sources"]))


def make_scopes(kbs: Sequence[KnowledgeBase], rule: LabelRule | None) -> list[Scope | None]:
    """Make the scope of each knowledge base that a rule allows.

    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    rule (LabelRule | None): The rule; None allows everything.
    RETURNS (list[Scope | None]): One for each knowledge base; None if nothing is allowed.
    RAISES (ValueError): If no knowledge base has one of the types.
    """
    if rule is None:
        return [Scope() for _ in kbs]
    chosen = [kb for kb in kbs if not rule.sources or kb.name in rule.sources]
    wanted = [expand_types(rule.types, kb) for kb in chosen]
    known = {UNTYPED, *(name for kb in chosen for name in kb.type_names)}
    if unknown := sorted(set.intersection(*wanted) - known if wanted else ()):
        names = ", ".join(kb.name for kb in chosen)
        listed = ", ".join(sorted(known - {UNTYPED}))
        raise ValueError(Errors.E085.format(found=unknown, name=names, known=listed))
    types_of = dict(zip((kb.name for kb in chosen), wanted, strict=True))
    return [_make_scope(kb, rule, types_of.get(kb.name)) for kb in kbs]


def _make_scope(kb: KnowledgeBase, rule: LabelRule, wanted: set[str] | None) -> Scope | None:
    """Make the scope of one knowledge base; `wanted` is None if the rule leaves it out."""
    if wanted is None:
        return None
    if not rule.types:
        return Scope()
    types = wanted & {UNTYPED, *kb.type_names}
    concepts = kb.concepts_of_types(types)
    return Scope.of(kb, concepts) if np.any(concepts) else None


@dataclass(frozen=True)
class LinkerSettings:
    """The checked settings of the linker.

    spans_key (str | None): The span group to link; None for `doc.ents`.
    labels (Sequence[LabelRule]): What each label may be linked to; without rules, every label can
        be linked to every concept.
    threshold (float): Minimum score of a link, from 0 to 1; an identical name scores 1. An entity
        without such a candidate gets no link.
    candidate_threshold (float | None): Minimum score of the candidates in `Span._.kb_ents`; None
        for the threshold.
    k (int): Maximum number of candidates in `Span._.kb_ents`.
    abbreviations (bool): Link abbreviations by the long forms that the text defines.
    memory (bool): Remember the gold mentions of the training data in `initialize`.
    memory_weight (float): Weight of the votes of remembered mentions; an identical name has 1.
    vector_weight (float): Weight of the vectors' cosine, from 0 to 1; the score by letters has the
        rest.
    """

    spans_key: str | None
    labels: Sequence[LabelRule]
    threshold: float
    candidate_threshold: float | None
    k: int
    abbreviations: bool
    memory: bool
    memory_weight: float
    vector_weight: float

    @property
    def min_score(self) -> float:
        """The minimum score of a candidate."""
        return self.threshold if self.candidate_threshold is None else self.candidate_threshold

    def links_label(self, label: str) -> bool:
        """Return whether entities of a label are linked: by a rule of theirs, or without any."""
        return not self.labels or any(rule.label in (label, ANY_LABEL) for rule in self.labels)

    @property
    def only_best(self) -> bool:
        """Whether similar names need not be searched where a name is equal."""
        return self.k == 1 or self.min_score > SIMILAR

    @property
    def ranking(self) -> tuple[object, ...]:
        """The settings that a `ConceptLinker` is built from."""
        return list(self.labels), self.memory_weight, self.vector_weight, self.only_best

    @classmethod
    def from_cfg(cls, cfg: Mapping[str, Any]) -> "LinkerSettings":
        """Check the component's `cfg`.

        cfg (Mapping[str, Any]): All settings.
        RETURNS (LinkerSettings): The settings.
        RAISES (ValueError): If a value is not allowed.
        """
        values = {key: cfg[key] for key in cls.__dataclass_fields__}
        key = values["spans_key"]
        if key is not None and (not isinstance(key, str) or not key):
            _refuse("spans_key", "the name of a span group, or null for doc.ents", key)
        for name in ("abbreviations", "memory"):
            if not isinstance(values[name], bool):
                _refuse(name, "true or false", values[name])
        threshold, lower = values["threshold"], values["candidate_threshold"]
        if not _is_number(threshold) or not 0 <= threshold <= 1:
            _refuse("threshold", "a number from 0 to 1", threshold)
        if lower is not None and (not _is_number(lower) or not 0 <= lower <= threshold):
            _refuse("candidate_threshold", "null, or a number from 0 to the threshold", lower)
        if not _is_number(values["memory_weight"]) or not 0 <= values["memory_weight"] < 1e6:
            _refuse("memory_weight", "a number of at least 0", values["memory_weight"])
        if not _is_number(values["vector_weight"]) or not 0 <= values["vector_weight"] <= 1:
            _refuse("vector_weight", "a number from 0 to 1", values["vector_weight"])
        k = values["k"]
        if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
            _refuse("k", "a whole number of at least 1", k)
        values["labels"] = _rules(values["labels"])
        return cls(**values)


def _rules(rules: Any) -> list[LabelRule]:
    if not isinstance(rules, list):
        _refuse("labels", "a list of rules", rules)
    parsed = [LabelRule.parse(rule) for rule in rules]
    labels = [rule.label for rule in parsed]
    if len(set(labels)) < len(labels):
        _refuse("labels", "a list with one rule for each label", labels)
    return parsed


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _refuse(name: str, allowed: str, found: Any) -> None:
    raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=found))
