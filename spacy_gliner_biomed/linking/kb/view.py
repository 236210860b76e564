"""Knowledge bases with the interface of scispaCy's `KnowledgeBase`, read from the tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import fold
from spacy_gliner_biomed.linking.kb.semantic_types import SemanticTypeTree, semantic_type_tree

SHOWN = 10  # aliases of an entity that is printed


class ConceptEntity(NamedTuple):
    """A concept, equal to scispaCy's `Entity`; it prints as that one does."""

    concept_id: str
    canonical_name: str
    aliases: list[str]
    types: list[str] = []  # noqa: RUF012  scispaCy's default; never changed
    definition: str | None = None

    def __repr__(self) -> str:
        n, first = len(self.aliases), ", ".join(self.aliases[:SHOWN])
        shown = f"abbreviated, total: {n}" if n > SHOWN else f"total: {n}"
        about = f"Aliases ({shown})" if n > SHOWN else f"Aliases: ({shown})"
        return (
            f"CUI: {self.concept_id}, Name: {self.canonical_name}\n"
            f"Definition: {self.definition}\n"
            f"TUI(s): {', '.join(self.types)}\n"
            f"{about}: \n\t {first}"
        )


@dataclass(frozen=True)
class KnowledgeBaseView:
    """Several knowledge bases as one, with the names that scispaCy's users know.

    Nothing is copied: each value is read from the tables when it is asked for.

    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    """

    kbs: Sequence[KnowledgeBase]

    @property
    def cui_to_entity(self) -> Mapping[str, ConceptEntity]:
        """Entities by concept id."""
        return _Entities(self.kbs)

    @property
    def alias_to_cuis(self) -> Mapping[str, set[str]]:
        """The ids of all concepts with a name, by the name exactly as it is written."""
        return _Aliases(self.kbs)

    @property
    def semantic_type_tree(self) -> SemanticTypeTree:
        """The semantic types of UMLS.

        RAISES (AttributeError): If no concept has a type of UMLS, such as "T047".
        """
        tree = semantic_type_tree()
        types = [name for kb in self.kbs for name in kb.type_names]
        if tree.type_id_to_node.keys().isdisjoint(types):
            names = ", ".join(kb.name for kb in self.kbs)
            raise AttributeError(Errors.E300.format(name=names, found=", ".join(types[:5])))
        return tree


class _Entities(Mapping[str, ConceptEntity]):
    def __init__(self, kbs: Sequence[KnowledgeBase]) -> None:
        self.kbs = kbs

    def __getitem__(self, concept_id: str) -> ConceptEntity:
        for kb in self.kbs:
            number = kb.number(concept_id) if isinstance(concept_id, str) else None
            if number is not None:
                concept = kb.concept(number)
                aliases, types = list(concept.aliases), list(concept.types)
                name, definition = concept.canonical_name, concept.definition
                return ConceptEntity(concept_id, name, aliases, types, definition)
        raise KeyError(concept_id)

    def __contains__(self, concept_id: object) -> bool:
        return any(concept_id in kb for kb in self.kbs)

    def __iter__(self) -> Iterator[str]:
        for kb in self.kbs:
            yield from (kb.tables.ids[number] for number in range(len(kb)))

    def __len__(self) -> int:
        return sum(map(len, self.kbs))


class _Aliases(Mapping[str, set[str]]):
    def __init__(self, kbs: Sequence[KnowledgeBase]) -> None:
        self.kbs = kbs

    def __getitem__(self, name: str) -> set[str]:
        found = {
            kb.tables.ids[kb.tables.concepts.item(row)]
            for kb in self.kbs
            for row in (kb.tables.by_fold.find([fold(name)])[0] if isinstance(name, str) else ())
            if kb.tables.names[row] == name
        }
        if not found:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys(
            kb.tables.names[row] for kb in self.kbs for row in range(len(kb.tables.names))
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)
