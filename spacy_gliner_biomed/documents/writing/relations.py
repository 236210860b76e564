"""The relations of annotated Docs, as writers need them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc

from spacy_gliner_biomed.documents.writing.entities import DIGITS, Entity
from spacy_gliner_biomed.pipeline.relation_annotation import read_relations
from spacy_gliner_biomed.training.gold import labelled_offsets

# The columns of each table of relations and their types, in pyarrow's names. Both ends are rows of
# the table of entities.
RELATION_COLUMNS = {
    "document": "string",
    "label": "string",
    "score": "float32",
    **{
        f"{end}_{name}": kind
        for end in ("head", "tail")
        for name, kind in {
            "start": "int32",
            "end": "int32",
            "text": "string",
            "label": "string",
            "concept_id": "string",
        }.items()
    },
}
NO_ENTITY = "relations_without_entity"  # a count: an end is not among the Doc's entities


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
        ends = [index.get(labelled_offsets(span)) for span in (relation.head, relation.tail)]
        if ends[0] is not None and ends[1] is not None:
            score = round(relation.score, DIGITS)
            related.append(EntityRelation(ends[0], ends[1], relation.label, score))
    return related


def count_relations(doc: Doc, found: Sequence[Entity]) -> Counter[str]:
    """Count the relations of a Doc.

    doc (Doc): The annotated Doc.
    found (Sequence[Entity]): Its entities.
    RETURNS (Counter[str]): `relations`, `relation:LABEL`, and those that no writer writes, since an
        end is not among the entities, under `NO_ENTITY`.
    """
    related = entity_relations(doc, found)
    counts = Counter(f"relation:{relation.label}" for relation in related)
    counts["relations"] = len(related)
    counts[NO_ENTITY] = len(read_relations(doc)) - len(related)
    return counts


def relation_row(
    document: str, relation: EntityRelation, found: Sequence[Entity]
) -> dict[str, Any]:
    """Return a relation as a row of a table.

    document (str): The document's id.
    relation (EntityRelation): The relation.
    found (Sequence[Entity]): The document's entities.
    RETURNS (dict[str, Any]): The columns of `RELATION_COLUMNS`.
    """
    row = {"document": document, "label": relation.label, "score": relation.score}
    for name, entity in (("head", found[relation.head]), ("tail", found[relation.tail])):
        row |= {
            f"{name}_start": entity.start,
            f"{name}_end": entity.end,
            f"{name}_text": entity.text,
            f"{name}_label": entity.label,
            f"{name}_concept_id": entity.concept_id,
        }
    return row
