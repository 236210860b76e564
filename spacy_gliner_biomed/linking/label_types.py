"""The concept types that a label may be linked to: tree numbers of MeSH, and default rules."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import words
from spacy_gliner_biomed.linking.sources.mesh import TREES

UNTYPED = ""  # in rules: concepts without a type
ANY_LABEL = "*"
TREE_NUMBER = re.compile(r"([A-Z])(\d\d)?")

# Words of labels, and the trees and branches of MeSH where their concepts are. A label has the
# trees of all rows with one of its words. F01 is behaviour and its symptoms, F03 mental disorders,
# G05 genetic phenomena (with genes), M01 persons.
MESH_RULES: Sequence[tuple[str, Sequence[str]]] = (
    (
        "disease disorder syndrome condition illness diagnosis comorbidity infection injury "
        "cancer tumor neoplasm poisoning complication",
        ("C", "F03"),
    ),
    ("symptom sign finding complaint phenotype adverse side", ("C", "F01", "F03")),
    (
        "drug chemical medication medicine compound substance ingredient treatment metabolite "
        "hormone vitamin allergen vaccine protein enzyme antibody",
        ("D",),
    ),
    ("gene", ("D", "G05")),
    ("species organism animal plant bacterium bacteria virus fungus pathogen taxon", ("B",)),
    ("anatomy anatomical body organ tissue cell", ("A",)),
    ("procedure test examination imaging surgery therapy treatment technique device", ("E",)),
    ("person patient population", ("M01",)),
    ("place country location geographic", ("Z",)),
)


def expand_types(types: Iterable[str], kb: KnowledgeBase) -> set[str]:
    """Replace tree numbers of MeSH, such as "C" and "F03", by the types of a knowledge base.

    A file that was built from MeSH itself has a type for each branch ("F03"). One that only has
    the names of the trees gets the whole tree instead ("Psychiatry and Psychology").

    types (Iterable[str]): Types and tree numbers.
    kb (KnowledgeBase): The knowledge base.
    RETURNS (set[str]): Types; those that the knowledge base lacks stay as they are.
    """
    known = set(kb.type_names)
    return {name if name in known else _of_number(name, known) or name for name in types}


def _of_number(number: str, known: set[str]) -> str | None:
    found = TREE_NUMBER.fullmatch(number)
    tree = TREES.get(found[1]) if found else None
    if found is None or tree not in known:
        return None
    has_branches = any(TREE_NUMBER.fullmatch(name) and name[0] == number[0] for name in known)
    return None if found[2] and has_branches else tree


def is_mesh(kb: KnowledgeBase) -> bool:
    """Return whether the types of a knowledge base are the trees of MeSH."""
    return not set(TREES.values()).isdisjoint(kb.type_names)


def default_rules(labels: Iterable[str], kbs: Sequence[KnowledgeBase]) -> list[dict[str, Any]]:
    """Make the rules of labels for which none is given.

    Within MeSH, a label is linked to the trees that `MESH_RULES` has for its words, and to
    concepts without a type; a label with other words, to any concept. Within another knowledge
    base, every label is linked to any concept.

    labels (Iterable[str]): The labels.
    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    RETURNS (list[dict[str, Any]]): Rules for the setting `labels`; empty if MeSH is not there.
    """
    if not any(map(is_mesh, kbs)):
        return []
    others = {name for kb in kbs if not is_mesh(kb) for name in kb.type_names}
    rules = []
    for label in dict.fromkeys(labels):
        if numbers := mesh_trees(label):
            found = {name for kb in kbs for name in expand_types(numbers, kb) & {*kb.type_names}}
            types = [UNTYPED, *sorted(found | others)]
            rules.append({"label": label, "types": types})
    return [*rules, {"label": ANY_LABEL}]


def mesh_trees(label: str) -> list[str]:
    """Return the trees and branches of MeSH for the words of a label; empty if none is known."""
    asked = set(words(label))
    found = (trees for known, trees in MESH_RULES if not asked.isdisjoint(words(known)))
    return list(dict.fromkeys(number for trees in found for number in trees))


def parse_links(values: Iterable[str], kbs: Sequence[KnowledgeBase]) -> list[dict[str, Any]]:
    """Read the option `--link`: "LABEL=TYPE,...", or "LABEL" for the default types.

    values (Iterable[str]): The options. TYPE is a type of concepts, which may hold commas, a tree
        number of MeSH, or the name of a knowledge base. LABEL may be "*", for all other labels.
    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    RETURNS (list[dict[str, Any]]): Rules for the setting `labels`.
    RAISES (ValueError): If an option is of another form, or a label is given twice.
    """
    rules: dict[str, dict[str, Any]] = {}
    for value in values:
        label, equals, listed = (part.strip() for part in value.partition("="))
        if not label or label in rules or bool(equals) != bool(listed):
            raise ValueError(Errors.E301.format(found=value))
        rules[label] = _parse_rule(label, listed, kbs) if listed else _default_rule(label, kbs)
    return list(rules.values())


def _default_rule(label: str, kbs: Sequence[KnowledgeBase]) -> dict[str, Any]:
    rules = [rule for rule in default_rules([label], kbs) if rule["label"] == label]
    return rules[0] if rules else {"label": label}


def _parse_rule(label: str, listed: str, kbs: Sequence[KnowledgeBase]) -> dict[str, Any]:
    known = {name for kb in kbs for name in kb.type_names}
    names = _split(listed, known)
    sources = {kb.name for kb in kbs} - known
    rule = {
        "label": label,
        "types": [name for name in names if name not in sources],
        "sources": [name for name in names if name in sources],
    }
    return {key: value for key, value in rule.items() if value}


def _split(listed: str, known: set[str]) -> list[str]:
    """Split at commas, but not inside the longest known type."""
    parts, names = listed.split(","), []
    while parts:
        lengths = range(len(parts), 0, -1)
        n = next((n for n in lengths if ",".join(parts[:n]).strip() in known), 1)
        names.append(",".join(parts[:n]).strip())
        parts = parts[n:]
    return [name for name in names if name]
