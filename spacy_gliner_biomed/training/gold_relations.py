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
    relations = [each for entry in fitting_entries(doc) for each in _read(doc.text, entry)]
    return replace(gold, relations=relations, annotated_relations=annotated)


def read_relation_scores(doc: Doc) -> dict[GoldRelation, float]:
    """Return the scores of the relations of a Doc."""
    entries = doc.user_data.get(RELATIONS_KEY) or ()
    return {each: entry["score"] for entry in entries for each in _read(doc.text, entry)}


def fitting_entries(doc: Doc) -> list[dict[str, Any]]:
    """Return the relations of a Doc whose ends are in its text, and are what they were when set.

    `Span.as_doc` copies the relations of the whole Doc with their offsets, which are wrong there;
    a file may hold anything.
    """
    entries = doc.user_data.get(RELATIONS_KEY)
    if not isinstance(entries, (list, tuple)):
        return []
    return [entry for entry in entries if _fits(doc.text, entry)]


def _fits(text: str, entry: Any) -> bool:
    try:
        ends = [entry["head"], entry["tail"]]
        found = [text[start:end] for start, end, _ in ends]
        whole = all(0 <= start < end <= len(text) for start, end, _ in ends)
        names = [entry["label"], *(label for *_, label in ends)]
        named = all(isinstance(name, str) for name in names)
        scored = isinstance(entry["score"], (int, float))
        return whole and named and scored and found == list(entry.get("texts", found))
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _read(text: str, entry: Mapping[str, Any]) -> Iterator[GoldRelation]:
    """Yield the relation of an entry, if its ends are more than white space."""
    ends = [trim_spans(text, [tuple(entry[end])])[0] for end in ("head", "tail")]
    for head in ends[0]:
        for tail in ends[1]:
            yield head, tail, entry["label"]


def write_relations(
    doc: Doc,
    relations: Iterable[GoldRelation],
    annotated: Sequence[str] | None,
    scores: Mapping[GoldRelation, float] | None = None,
) -> None:
    """Set the gold relations of a Doc.

    doc (Doc): Changed in place.
    relations (Iterable[GoldRelation]): The relations.
    annotated (Sequence[str] | None): The labels that are annotated completely; None for all of a
        component.
    scores (Mapping[GoldRelation, float] | None): The scores of the relations that have one; the
        others have 1.
    """
    known = scores or {}
    doc.user_data[RELATIONS_KEY] = [
        {
            "head": list(head),
            "tail": list(tail),
            "label": label,
            "score": known.get((head, tail, label), 1.0),
            "texts": [doc.text[start:end] for start, end, _ in (head, tail)],
        }
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
