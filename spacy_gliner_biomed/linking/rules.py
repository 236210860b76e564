"""What entities of a label may be linked to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.candidates import Scope
from spacy_gliner_biomed.linking.knowledge_base import KnowledgeBase


@dataclass(frozen=True)
class LabelRule:
    """What entities of a label may be linked to.

    label (str): The label; "*" stands for all that have no rule.
    types (frozenset[str]): Types of concepts, "" for none; empty for all.
    sources (frozenset[str]): Names of terminologies; empty for all.
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
    """The part of each terminology that a rule allows: None for nothing, all of each without one.

    RAISES (ValueError): For a type that none of them has.
    """
    if rule is None:
        return [Scope() for _ in kbs]
    chosen = [kb for kb in kbs if not rule.sources or kb.name in rule.sources]
    known = {"", *(name for kb in chosen for name in kb.type_names)}
    if unknown := sorted(rule.types - known):
        names = ", ".join(kb.name for kb in chosen)
        raise ValueError(
            Errors.E085.format(found=unknown, name=names, known=", ".join(sorted(known - {""})))
        )
    scopes: list[Scope | None] = []
    for kb in kbs:
        types = rule.types & {"", *kb.type_names}
        if kb not in chosen or (rule.types and not types):
            scopes.append(None)
        elif not rule.types:
            scopes.append(Scope())
        else:
            concepts = kb.concepts_of_types(types)
            scopes.append(Scope.of(kb, concepts) if np.any(concepts) else None)
    return scopes
