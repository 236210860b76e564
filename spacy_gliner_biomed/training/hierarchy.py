"""Derive fine labels, such as "kidney disease", from the concept ids of gold mentions.

A folder contains ontologies and labels. Each ontology is a file `<name>.parents.jsonl.gz` with one
concept per line: {"concept_id", "name", "parents"} and, optionally, "tree_numbers", "roles",
"part_of" and "exact_match". `labels.json.gz` maps the ids that are used as labels to their words.
"""

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines, read_json_object
from spacy_gliner_biomed.training.record_checks import check_keys, located

# Prefix of the ids of labels such as "part of the eye".
PART = "PART:"
ROLE = " role"

# Mentions that name only a class, or persons that corpora annotate as species.
GENERIC = re.compile(
    r"(?i)(diseases?|disorders?|syndromes?|conditions?|genes?|proteins?|drugs?|compounds?|agents?"
    r"|cells?|tissues?|organs?|symptoms?|deficien\w+|defects?|abnormalit\w+|mutants?|animals?"
    r"|organisms?|species|strains?|receptors?|patients?|boys?|girls?|m[ae]n|wom[ae]n|males?"
    r"|females?|child(ren)?|infants?|persons?|people|participants?|subjects?|individuals?"
    r"|famil(y|ies)|volunteers?|adults?|donors?|mothers?|fathers?|brothers?|sisters?|.)"
)


class Hierarchy:
    """Concepts of ontologies with their ancestors and labels.

    folder (Path): The folder, see the module's docstring.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._ancestors: dict[str, dict[str, str]] = {}
        self._closures: dict[str, frozenset[str]] = {}

    @cached_property
    def concepts(self) -> dict[str, dict[str, Any]]:
        """The concepts of all files, by id. If several files have an id, its parents are joined."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.glob("*.parents.jsonl.gz")):
            for number, concept in read_json_lines(path):
                with located(path, number):
                    check_keys(concept, ("concept_id", "parents"))
                known = found.setdefault(concept["concept_id"], concept)
                known["parents"] = list(dict.fromkeys([*known["parents"], *concept["parents"]]))
        return found

    @cached_property
    def labels(self) -> dict[str, str]:
        """The words of labels, by id."""
        return read_json_object(self.folder / "labels.json.gz")

    @cached_property
    def _by_tree_number(self) -> dict[str, str]:
        return {
            number: name
            for name, concept in self.concepts.items()
            for number in concept.get("tree_numbers", ())
        }

    @cached_property
    def _exact(self) -> dict[str, str]:
        """The equivalent concept of an id of another ontology, if there is exactly one."""
        matches = defaultdict(set)
        for name, concept in self.concepts.items():
            for other in concept.get("exact_match", ()):
                matches[other].add(name)
        return {other: next(iter(names)) for other, names in matches.items() if len(names) == 1}

    def labels_of(self, ids: list[str]) -> list[str]:
        """Return the ids of labels that fit a mention with these concept ids, in fixed order."""
        common = [self.ancestors(concept) for concept in ids]
        if not common:
            return []
        return [
            label for label in common[0] if label in self.labels and all(label in c for c in common)
        ]

    def relation(self, ids: list[str], label: str) -> bool | None:
        """Return whether a label fits a mention.

        ids (list[str]): Concept ids of the mention.
        label (str): Id of the label.
        RETURNS (bool | None): None if this is not known, because an id is unknown, the mention is
            broader than the label, or an id has no ancestor in the label's facet. For example, a
            drug without any known action may or may not be an "analgesic".
        """
        above = [self.ancestors(concept) for concept in ids]
        if not above or not all(above):
            return None
        fits = [label in ancestors for ancestors in above]
        if any(fits):
            return True if all(fits) else None
        core = label.removeprefix(PART)
        broader = self.ancestors(core)
        if any(concept in broader or self._exact.get(concept) in broader for concept in ids):
            return None
        facet = self._facet_of_label(label)
        informed = all(
            any(f == facet and name != concept for name, f in ancestors.items())
            for concept, ancestors in zip(ids, above, strict=True)
        )
        return False if informed else None

    def ancestors(self, concept: str) -> dict[str, str]:
        """Return the facets of a concept and its ancestors, by id; empty for an unknown concept."""
        if concept not in self._ancestors:
            self._ancestors[concept] = self._find_ancestors(concept)
        return self._ancestors[concept]

    def _find_ancestors(self, concept: str) -> dict[str, str]:
        starts = [concept] if concept in self.concepts else []
        if concept in self._exact and not self.concepts.get(concept, {}).get("tree_numbers"):
            starts.append(self._exact[concept])
        found: dict[str, str] = {}
        for start in starts:
            base = self._closure(start)
            found.update((name, _facet(name)) for name in sorted(base))
            # MeSH lists the actions of each descriptor; in other ontologies they are inherited.
            for name in [start] if start.startswith("MESH:") else sorted(base):
                for role in self.concepts.get(name, {}).get("roles", ()):
                    for above in sorted(self._closure(role)):
                        found.setdefault(above, _facet(above) + ROLE)
            found.update((PART + whole, PART) for whole in sorted(self._wholes(base)))
        return found

    def _closure(self, concept: str) -> frozenset[str]:
        """Return a concept and its ancestors; in MeSH, found by prefixes of tree numbers."""
        if concept not in self._closures:
            numbers = self.concepts.get(concept, {}).get("tree_numbers")
            found = self._prefixes(numbers) if numbers else self._reach([concept], "parents")
            self._closures[concept] = frozenset({concept, *found})
        return self._closures[concept]

    def _prefixes(self, numbers: list[str]) -> set[str]:
        found = set()
        for number in numbers:
            while number:
                if number in self._by_tree_number:
                    found.add(self._by_tree_number[number])
                number = number.rpartition(".")[0]
        return found

    def _wholes(self, base: frozenset[str]) -> set[str]:
        """Return the wholes that concepts are parts of, and the ancestors of the wholes."""
        direct = [w for name in base for w in self.concepts.get(name, {}).get("part_of", ())]
        return self._reach(direct, "part_of", "parents")

    def _reach(self, starts: list[str], *relations: str) -> set[str]:
        found, todo = set(starts), list(starts)
        while todo:
            concept = self.concepts.get(todo.pop(), {})
            new = {other for key in relations for other in concept.get(key, ())} - found
            found |= new
            todo += new
        return found

    def _facet_of_label(self, label: str) -> str:
        if label.startswith(PART):
            return PART
        numbers = self.concepts.get(label, {}).get("tree_numbers", ())
        is_action = numbers and all(number.startswith("D27") for number in numbers)
        return _facet(label) + ROLE if is_action else _facet(label)


def concept_ids(raw: str | None) -> list[str]:
    """Split a field of concept ids, in the different notations of the corpora."""
    parts = [part.strip() for part in re.split(r"[|,;+]", raw or "")]
    cut = [re.sub(r"^(?:NCBIGene:)?(\d+)\(Tax:\d+\)$", r"NCBIGene:\1", part) for part in parts]
    return [part.replace("OMIM_", "OMIM:") for part in cut if part]


def _facet(concept: str) -> str:
    return concept.split(":")[0]
