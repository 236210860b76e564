"""Builds the arrays of a knowledge base from concepts."""

import numpy as np

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.names import (
    bag_key,
    content_words,
    fold,
    sequence_key,
    words,
)
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex
from spacy_gliner_biomed.linking.kb.rewrites import RewriteCounter
from spacy_gliner_biomed.linking.kb.tables import HashTable, StringTable, Tables, hash_string

ACRONYM_WORDS = range(2, 7)


class TableBuilder:
    """Collects concepts and builds their tables."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.definitions: list[str] = []
        self.names: list[str] = []
        self.first_names = [0]
        self.types: list[int] = []
        self.first_types = [0]
        self.type_numbers: dict[str, int] = {}
        self.keys: dict[str, list[int]] = {"fold": [], "sequence": [], "acronym": []}
        self.with_acronym: list[int] = []
        self.form_numbers: dict[str, int] = {}
        self.form_of_name: list[int] = []
        self.form_owners: list[int] = []  # the first concept of each form
        self.counter = RewriteCounter()

    def add(self, concept: Concept) -> None:
        """Add a concept."""
        self.ids.append(concept.concept_id)
        self.definitions.append(concept.definition or "")
        split = []
        for name in concept.names:
            parts = words(name)
            split.append(parts)
            self._add_name(name, parts)
        self.counter.add(split)
        self.first_names.append(len(self.names))
        numbers = self.type_numbers
        self.types += [numbers.setdefault(name, len(numbers)) for name in concept.types]
        self.first_types.append(len(self.types))

    def rewrites(self) -> dict[str, list[str]]:
        """Return the words of all concepts that can replace each other."""
        return self.counter.rewrites(dict(zip(self.form_numbers, self.form_owners, strict=True)))

    def tables(self) -> Tables:
        """Build the tables of all concepts."""
        forms = np.argsort(self.form_of_name, kind="stable")
        counts = np.bincount(self.form_of_name, minlength=len(self.form_numbers))
        keys = self.keys
        return Tables(
            ids=StringTable.build(self.ids),
            definitions=StringTable.build(self.definitions),
            names=StringTable.build(self.names),
            first_names=np.array(self.first_names, dtype=np.int64),
            concepts=np.repeat(np.arange(len(self.ids)), np.diff(self.first_names)).astype(
                np.int32
            ),
            first_types=np.array(self.first_types, dtype=np.int64),
            types=np.array(self.types, dtype=np.int16),
            by_id=HashTable.build([hash_string(i) for i in self.ids]),
            by_fold=HashTable.build(keys["fold"]),
            by_sequence=HashTable.build(keys["sequence"]),
            by_acronym=HashTable.build(keys["acronym"], self.with_acronym),
            by_bag=HashTable.build([hash_string(form) for form in self.form_numbers]),
            first_forms=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            forms=forms.astype(np.int32),
            ngrams=NgramIndex.build(self.form_numbers),
        )

    def _add_name(self, name: str, parts: list[str]) -> None:
        self.keys["fold"].append(hash_string(fold(name)))
        self.keys["sequence"].append(hash_string(sequence_key(parts)))
        content = content_words(parts)
        if len(content) in ACRONYM_WORDS:
            self.keys["acronym"].append(hash_string("".join(part[0] for part in content)))
            self.with_acronym.append(len(self.names))
        form = self.form_numbers.setdefault(bag_key(parts), len(self.form_numbers))
        if form == len(self.form_owners):
            self.form_owners.append(len(self.ids) - 1)
        self.form_of_name.append(form)
        self.names.append(name)
