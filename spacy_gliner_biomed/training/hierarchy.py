"""Fine labels from ontologies: what a gold mention's concept id says about "antihypertensive
agent" or "kidney disease".

A folder holds `<name>.parents.jsonl.gz`, one concept a line ({"concept_id", "name", "parents"}
and, optionally, "tree_numbers", "roles", "part_of", "exact_match"), and `labels.json.gz`: the
ids that are used as labels, with their words.
"""

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines, read_json_object
from spacy_gliner_biomed.training.record_checks import check_keys, located

# Wholes ("part of the eye") are labels with this before their id.
PART = "PART:"
ROLE = " role"

# Mentions that name a class as such, or persons that corpora annotate as species.
GENERIC = re.compile(
    r"(?i)(diseases?|disorders?|syndromes?|conditions?|genes?|proteins?|drugs?|compounds?|agents?"
    r"|cells?|tissues?|organs?|symptoms?|deficien\w+|defects?|abnormalit\w+|mutants?|animals?"
    r"|organisms?|species|strains?|receptors?|patients?|boys?|girls?|m[ae]n|wom[ae]n|males?"
    r"|females?|child(ren)?|infants?|persons?|people|participants?|subjects?|individuals?"
    r"|famil(y|ies)|volunteers?|adults?|donors?|mothers?|fathers?|brothers?|sisters?|.)"
)


class Hierarchy:
    """Concepts, what is above them, and which of them are labels.

    folder (Path): See the top of this file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._ancestors: dict[str, dict[str, str]] = {}
        self._closures: dict[str, frozenset[str]] = {}

    @cached_property
    def concepts(self) -> dict[str, dict[str, Any]]:
        """Concepts by id, of all files; of an id in several files the parents are joined."""
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
        """Words of the ids that are labels."""
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
        """Concepts of other ontologies that are the same as an id, where there is just one."""
        matches = defaultdict(set)
        for name, concept in self.concepts.items():
            for other in concept.get("exact_match", ()):
                matches[other].add(name)
        return {other: next(iter(names)) for other, names in matches.items() if len(names) == 1}

    def labels_of(self, ids: list[str]) -> list[str]:
        """Ids of the labels that fit a mention with these concept ids, in a fixed order."""
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
        RETURNS (bool | None): None if that cannot be said: an unknown id, a mention broader
            than the label, or an id with nothing in the label's facet (a drug without any
            action says nothing about "analgesic").
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
        """Facets of a concept and of all that is above it, by id; empty if it is not known."""
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
            # MeSH gives actions to each descriptor; elsewhere they are inherited.
            for name in [start] if start.startswith("MESH:") else sorted(base):
                for role in self.concepts.get(name, {}).get("roles", ()):
                    for above in sorted(self._closure(role)):
                        found.setdefault(above, _facet(above) + ROLE)
            found.update((PART + whole, PART) for whole in sorted(self._wholes(base)))
        return found

    def _closure(self, concept: str) -> frozenset[str]:
        """Return a concept and all its ancestors; in MeSH by the prefixes of tree numbers."""
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
        """Return what concepts are parts of, and the ancestors of that."""
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
    """Split a corpus' field of concept ids, which every corpus separates in its own way."""
    parts = [part.strip() for part in re.split(r"[|,;+]", raw or "")]
    cut = [re.sub(r"^(?:NCBIGene:)?(\d+)\(Tax:\d+\)$", r"NCBIGene:\1", part) for part in parts]
    return [part.replace("OMIM_", "OMIM:") for part in cut if part]


def _facet(concept: str) -> str:
    return concept.split(":")[0]
