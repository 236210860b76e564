"""The relations of a BioC document, in the two forms that corpora have.

Either a relation has two nodes, which refer to annotations: head and tail, by their roles or their
order. Or it has no nodes, but two infons with concepts beside its type, as in the BC5CDR corpus:
{"relation": "CID", "Chemical": "D008874", "Disease": "D007022"}.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy_gliner_biomed.training.gold import GoldRelation, GoldSpan
from spacy_gliner_biomed.training.gold_relations import ConceptRelation, pair_mentions
from spacy_gliner_biomed.training.record_checks import WITHOUT_ENDS, Counts, check_label

TYPES = ("type", "relation")  # infons with the label
TAILS = ("tail", "arg2", "object", "target")  # roles of the second end, in small letters


def read_bioc_relations(
    relations: Iterable[Any],
    named: Mapping[str, GoldSpan],
    concepts: Sequence[tuple[int, int, str, str]],
    counts: Counts,
) -> list[GoldRelation]:
    """Read relations; those without a label or two ends are counted.

    relations (Iterable[Any]): Relations of the package bioc.
    named (Mapping[str, GoldSpan]): The entities by the id of their annotation.
    concepts (Sequence[tuple[int, int, str, str]]): Their concepts, see `corpora.AnnotatedText`.
    counts (Counts): Relations that are left out are added.
    RETURNS (list[GoldRelation]): The relations, each once.
    RAISES (ValueError): If a label is blank.
    """
    found: dict[GoldRelation, None] = {}
    of_concepts: list[ConceptRelation] = []
    for relation in relations:
        infons, ends = dict(relation.infons), _ends(relation.nodes)
        labels = [infons.pop(name) for name in TYPES if name in infons][:1]
        if not labels:
            counts[WITHOUT_ENDS] += 1
            continue
        label, of_concept = check_label(labels[0]), [str(value) for value in infons.values()]
        if len(ends) == 2 and ends[0] in named and ends[1] in named:
            found[named[ends[0]], named[ends[1]], label] = None
        elif not ends and len(of_concept) == 2:
            of_concepts.append((of_concept[0], of_concept[1], label))
        else:
            counts[WITHOUT_ENDS] += 1
    paired, n_lost = pair_mentions(of_concepts, concepts)
    counts[WITHOUT_ENDS] += n_lost
    return list(dict.fromkeys([*found, *paired]))


def _ends(nodes: Sequence[Any]) -> list[str]:
    """Return the annotations of nodes, that of a tail last."""
    ordered = sorted(nodes, key=lambda node: str(node.role).lower() in TAILS)
    return [str(node.refid) for node in ordered]
