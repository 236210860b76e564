"""The arrays of a knowledge base, and their names in a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.strings import hash_string  # type: ignore[attr-defined]

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex

__all__ = ["HashTable", "StringTable", "hash_string"]


@dataclass(frozen=True)
class StringTable:
    """Strings by row.

    data (NDArray): UTF-8 bytes of all strings.
    offsets (NDArray): Start of each string. # (N + 1,)
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def build(cls, strings: Iterable[str]) -> "StringTable":
        """Store strings in their order."""
        parts = [string.encode("utf8") for string in strings]
        offsets = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        first, end = self.offsets.item(row), self.offsets.item(row + 1)
        try:
            return self.data[first:end].tobytes().decode("utf8")
        except UnicodeDecodeError as error:
            raise ValueError(Errors.E151.format(row=row, error=error)) from error


@dataclass(frozen=True)
class HashTable:
    """Rows by the 64-bit hashes of their keys; a key may have several rows.

    hashes (NDArray): Ascending. # (N,)
    rows (NDArray): Row of each hash; ascending where hashes are equal. # (N,)
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]

    @classmethod
    def build(cls, hashes: Sequence[int], rows: Sequence[int] | None = None) -> "HashTable":
        """Store rows by the hashes of their keys; by default, rows are numbered from 0."""
        array = np.array(hashes, dtype=np.uint64)
        order = np.argsort(array, kind="stable")
        numbers = order if rows is None else np.array(rows, dtype=np.int32)[order]
        return cls(array[order], numbers.astype(np.int32))

    def find(self, keys: Sequence[str]) -> list[list[int]]:
        """Find the rows of many keys, in a third of the time of single lookups.

        keys (Sequence[str]): The keys.
        RETURNS (list[list[int]]): The rows of each key; empty for an unknown key.
        """
        wanted = np.array([hash_string(key) for key in keys], dtype=np.uint64)
        firsts = self.hashes.searchsorted(wanted)
        ends = self.hashes.searchsorted(wanted, side="right")
        ranges = zip(firsts.tolist(), ends.tolist(), strict=True)
        return [self.rows[i:j].tolist() if i < j else [] for i, j in ranges]


Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Tables:
    """The arrays of a knowledge base. Concepts and names are numbered from 0.

    ids, definitions (StringTable): By concept.
    names (StringTable): By name; the names of a concept are adjacent, the canonical name first.
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
    concepts: NDArray[np.int32]
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
        """Return the arrays by name: "ids.data", "concepts" and so on."""
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
        """Make the tables from the result of `flat`.

        arrays (Arrays): Arrays by name.
        RETURNS (Tables): The tables.
        RAISES (KeyError): If an array is missing.
        RAISES (ValueError): If there is an unknown array.
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
