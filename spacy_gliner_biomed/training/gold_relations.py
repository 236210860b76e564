"""Gold relations of a Doc, and which of them its corpus annotates.

They are plain data in `Doc.user_data`: relations as `Doc._.relations` has them, and the labels of
the relations of which every one between the Doc's entities is marked. A Doc without both says
nothing about relations, and no relation is learned from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spacy.tokens import Doc

from spacy_gliner_biomed.training.gold import Gold, GoldRelation, GoldSpan, trim_spans
from spacy_gliner_biomed.training.hierarchy import concept_ids

# The keys in `Doc.user_data`.
RELATIONS_KEY, ANNOTATED_RELATIONS_KEY = "gliner_relations", "gliner_annotated_relations"

# A relation of a whole document: concepts of head and tail, and label.
ConceptRelation = tuple[str, str, str]


def with_relations(gold: Gold, doc: Doc) -> Gold:
    """Add the gold relations of a Doc to its entities.

    gold (Gold): Its entities.
    doc (Doc): The Doc.
    RETURNS (Gold): Without relations (None) if the Doc says nothing about them.
    """
    entries = doc.user_data.get(RELATIONS_KEY)
    annotated = doc.user_data.get(ANNOTATED_RELATIONS_KEY)
    if entries is None and annotated is None:
        return gold
    relations = [relation for entry in entries or () for relation in _read(doc.text, entry)]
    return replace(gold, relations=relations, annotated_relations=annotated)


def _read(text: str, entry: Mapping[str, Any]) -> Iterator[GoldRelation]:
    """Yield the relation of an entry, if its ends are more than white space."""
    ends = [trim_spans(text, [tuple(entry[end])])[0] for end in ("head", "tail")]
    for head in ends[0]:
        for tail in ends[1]:
            yield head, tail, entry["label"]


def write_relations(
    doc: Doc, relations: Iterable[GoldRelation], annotated: Sequence[str] | None
) -> None:
    """Set the gold relations of a Doc.

    doc (Doc): Changed in place.
    relations (Iterable[GoldRelation]): The relations.
    annotated (Sequence[str] | None): The labels that are annotated completely; None for all of a
        component.
    """
    doc.user_data[RELATIONS_KEY] = [
        {"head": list(head), "tail": list(tail), "label": label, "score": 1.0}
        for head, tail, label in sorted(set(relations))
    ]
    if annotated is not None:
        doc.user_data[ANNOTATED_RELATIONS_KEY] = sorted(annotated)


def pair_mentions(
    relations: Iterable[ConceptRelation], concepts: Iterable[tuple[int, int, str, str]]
) -> tuple[list[GoldRelation], int]:
    """Turn relations between concepts into relations between all mentions of them.

    relations (Iterable[ConceptRelation]): Of the whole document.
    concepts (Iterable[tuple[int, int, str, str]]): First character, one past the last, label and
        concept ids of its entities, as in `corpora.AnnotatedText`.
    RETURNS (tuple[list[GoldRelation], int]): The relations, each once, and how many of the given
        ones have an end without a mention.
    """
    mentions: dict[str, dict[GoldSpan, None]] = {}
    for start, end, label, ids in concepts:
        for concept in {ids, *concept_ids(ids)}:
            mentions.setdefault(concept, {})[start, end, label] = None
    found: dict[GoldRelation, None] = {}
    n_lost = 0
    for head, tail, label in relations:
        n_lost += not (head in mentions and tail in mentions)
        for first in mentions.get(head, ()):
            for second in mentions.get(tail, ()):
                if first != second:
                    found[first, second, label] = None
    return list(found), n_lost
