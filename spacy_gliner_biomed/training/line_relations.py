"""Relations in lines of JSON: between entities of the line, or between concepts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines
from spacy_gliner_biomed.training.gold import GoldRelation, GoldSpan
from spacy_gliner_biomed.training.gold_relations import ConceptRelation, pair_mentions
from spacy_gliner_biomed.training.line_entities import SCORE, is_number
from spacy_gliner_biomed.training.record_checks import (
    RELATION_VALUES,
    WITHOUT_ENDS,
    Counts,
    check_keys,
    check_label,
    check_list,
    check_strings,
    located,
)

RELATIONS, ANNOTATED_RELATIONS = "relations", "annotated_relations"  # keys of a line
RELATION_KEYS = ("head", "tail", "label")


def parse_line_relations(
    line: dict[str, Any],
    spans: Sequence[GoldSpan],
    concepts: Sequence[tuple[int, int, str, str]],
    counts: Counts,
) -> tuple[list[GoldRelation] | None, list[str] | None]:
    """Return the relations of a line, and those that it annotates completely.

    line (dict[str, Any]): With "relations" {"head", "tail", "label"}, whose ends are indices of its
        entities, or concepts, which stand for all their mentions; and "annotated_relations", a
        list of labels. Both may be missing.
    spans (Sequence[GoldSpan]): Its entities in order, including repeated ones.
    concepts (Sequence[tuple[int, int, str, str]]): Their concepts, see `corpora.AnnotatedText`.
    counts (Counts): Relations with an end that has no entity are added, and further values of
        relations.
    RETURNS (tuple[list[GoldRelation] | None, list[str] | None]): The relations, and the labels;
        None if the line does not say.
    RAISES (ValueError): If a relation or a label is malformed, or an index is out of range.
    """
    found: dict[GoldRelation, None] = {}
    of_concepts: list[ConceptRelation] = []
    for relation in check_list(line, RELATIONS):
        head, tail, label = _parse(relation)
        counts[RELATION_VALUES] += len(relation.keys() - {*RELATION_KEYS, SCORE})
        if isinstance(head, str) and isinstance(tail, str):
            of_concepts.append((head, tail, label))
        elif type(head) is type(tail) is int:
            if not (0 <= head < len(spans) and 0 <= tail < len(spans)):
                problem = f"found {head} and {tail}; there are {len(spans)} entities, from 0"
                raise ValueError(f"the ends of a relation must be numbers of entities; {problem}")
            found[spans[head], spans[tail], label] = None
        else:
            problem = f"found {head!r} and {tail!r}"
            raise ValueError(f"the ends of a relation must be two numbers or concepts; {problem}")
    paired, n_lost = pair_mentions(of_concepts, concepts)
    counts[WITHOUT_ENDS] += n_lost
    annotated = line.get(ANNOTATED_RELATIONS)
    relations = list(dict.fromkeys([*found, *paired]))
    labels = None if annotated is None else sorted({*check_strings(annotated)})
    is_silent = line.get(RELATIONS) is None and annotated is None
    return None if is_silent else relations, labels


def line_scores(line: dict[str, Any], spans: Sequence[GoldSpan]) -> dict[GoldRelation, float]:
    """Return the scores of the relations of a line whose ends are entities.

    line (dict[str, Any]): A line that `parse_line_relations` has read.
    spans (Sequence[GoldSpan]): Its entities in order, including repeated ones.
    RETURNS (dict[GoldRelation, float]): The scores of the relations that have one.
    """
    return {
        (spans[each["head"]], spans[each["tail"]], each["label"]): each[SCORE]
        for each in check_list(line, RELATIONS)
        if type(each["head"]) is int and is_number(each.get(SCORE))
    }


def read_document_relations(path: Path) -> tuple[dict[str, list[ConceptRelation]], list[str]]:
    """Read the relations between concepts of the documents of a corpus.

    path (Path): .jsonl or .jsonl.gz. Each line has the "id" of a document and its "relations", each
        with a "label" and the concepts of "head" and "tail".
    RETURNS (tuple[dict[str, list[ConceptRelation]], list[str]]): The relations by document, and all
        their labels.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    found: dict[str, list[ConceptRelation]] = {}
    for number, line in read_json_lines(path):
        with located(path, number):
            check_keys(line, ("id", RELATIONS))
            relations = [_parse(relation) for relation in check_list(line, RELATIONS)]
            found.setdefault(str(line["id"]), []).extend(
                (str(head), str(tail), label) for head, tail, label in relations
            )
    return found, sorted({label for relations in found.values() for *_, label in relations})


def _parse(relation: Mapping[str, Any]) -> tuple[Any, Any, str]:
    check_keys(relation, RELATION_KEYS)
    return relation["head"], relation["tail"], check_label(relation["label"])
