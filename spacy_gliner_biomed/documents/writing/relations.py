"""Read the relations of annotated Docs, as writers need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc

from spacy_gliner_biomed.documents.writing.entities import DIGITS, Entity
from spacy_gliner_biomed.pipeline.relation_annotation import read_relations


@dataclass(frozen=True)
class EntityRelation:
    """A relation between two of a Doc's entities.

    head, tail (int): Indices of the entities.
    label (str): Its label.
    score (float): Its probability.
    """

    head: int
    tail: int
    label: str
    score: float

    def to_json(self) -> dict[str, Any]:
        """Return the relation as JSON."""
        return {
            "head": self.head,
            "tail": self.tail,
            "label": self.label,
            "score": self.score,
        }


def entity_relations(doc: Doc, found: Sequence[Entity]) -> list[EntityRelation]:
    """Read the relations of a Doc whose ends are among its entities.

    doc (Doc): The annotated Doc.
    found (Sequence[Entity]): Its entities.
    RETURNS (list[EntityRelation]): In order of their ends in the text.
    """
    index = {(each.start, each.end, each.label): i for i, each in enumerate(found)}
    related = []
    for relation in read_relations(doc):
        ends = [
            index.get((span.start_char, span.end_char, span.label_))
            for span in (relation.head, relation.tail)
        ]
        if ends[0] is not None and ends[1] is not None:
            score = round(relation.score, DIGITS)
            related.append(EntityRelation(ends[0], ends[1], relation.label, score))
    return related
