"""The arrays of a terminology, and their names in a file."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.linking.container import Arrays
from spacy_gliner_biomed.linking.ngrams import NgramIndex
from spacy_gliner_biomed.linking.strings import HashTable, StringTable

Concepts = NDArray[np.int32]


@dataclass(frozen=True)
class Tables:
    """The arrays of a terminology. Concepts and names are numbered from 0.

    ids, definitions (StringTable): By concept.
    names (StringTable): By name; those of a concept follow each other, its canonical one first.
    first_names (NDArray): The first name of each concept. # (concepts + 1,)
    concepts (NDArray): The concept of each name.
    first_types, types (NDArray): The types of each concept, as numbers in the manifest's list.
    by_id, by_fold, by_sequence, by_acronym (HashTable): Concepts, and names, by their keys.
    by_bag (HashTable): Forms by key; a form stands for all names of the same bag of words.
    first_forms, forms (NDArray): The names of each form.
    ngrams (NgramIndex): Forms by the trigrams of their words.
    """

    ids: StringTable
    definitions: StringTable
    names: StringTable
    first_names: NDArray[np.int64]
    concepts: Concepts
    first_types: NDArray[np.int64]
    types: NDArray[np.int16]
    by_id: HashTable
    by_fold: HashTable
    by_sequence: HashTable
    by_acronym: HashTable
    by_bag: HashTable
    first_forms: NDArray[np.int64]
    forms: NDArray[np.int32]
    ngrams: NgramIndex

    def flat(self) -> Arrays:
        """The arrays by name: "ids.data", "concepts" and so on."""
        arrays: Arrays = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                arrays[field.name] = value
            else:
                parts = {part.name: getattr(value, part.name) for part in fields(value)}
                arrays.update({f"{field.name}.{name}": part for name, part in parts.items()})
        return arrays

    @classmethod
    def from_flat(cls, arrays: Arrays) -> "Tables":
        """What `flat` gave.

        RAISES (KeyError): If an array is missing.
        RAISES (ValueError): If there is one more.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            kind: Any = field.type if field.type in KINDS else None
            if kind is None:
                values[field.name] = arrays[field.name]
            else:
                parts = fields(kind)
                values[field.name] = kind(*(arrays[f"{field.name}.{p.name}"] for p in parts))
        tables = cls(**values)
        if unknown := sorted(set(arrays) - set(tables.flat())):
            raise ValueError(f"the array {shorten(unknown[0])!r} is not known")
        return tables


KINDS = (StringTable, HashTable, NgramIndex)
