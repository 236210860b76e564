"""A terminology in arrays: its concepts, and the tables that find them by name."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.concepts import Concept
from spacy_gliner_biomed.linking.container import (
    Arrays,
    dump_arrays,
    open_arrays,
    parse_arrays,
    write_arrays,
)
from spacy_gliner_biomed.linking.ngrams import NgramIndex
from spacy_gliner_biomed.linking.normalization import STOP_WORDS, bag_key, fold, sequence_key, words
from spacy_gliner_biomed.linking.rewrites import RewriteCounter
from spacy_gliner_biomed.linking.strings import HashTable, StringTable, hash_string

FORMAT = "spacy-gliner-biomed terminology 1"
ACRONYM_WORDS = range(2, 7)

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
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            kind: Any = field.type if field.type in KINDS else None
            if kind is None:
                values[field.name] = arrays[field.name]
            else:
                parts = fields(kind)
                values[field.name] = kind(*(arrays[f"{field.name}.{p.name}"] for p in parts))
        return cls(**values)


KINDS = (StringTable, HashTable, NgramIndex)


class KnowledgeBase:
    """A terminology that answers which concepts have a name.

    tables (Tables): Its arrays.
    manifest (dict): What it is: name, version, licence, sources, counts, type names.
    """

    def __init__(self, tables: Tables, manifest: dict[str, Any]) -> None:
        self.tables = tables
        self.manifest = manifest

    def __len__(self) -> int:
        return len(self.tables.ids)

    def __contains__(self, concept_id: object) -> bool:
        return isinstance(concept_id, str) and self.number(concept_id) is not None

    def __getitem__(self, concept_id: str) -> Concept:
        number = self.number(concept_id)
        if number is None:
            raise ValueError(Errors.E084.format(found=concept_id, name=self.name))
        return self.concept(number)

    @property
    def name(self) -> str:
        """The terminology's name."""
        return str(self.manifest["name"])

    @property
    def type_names(self) -> list[str]:
        """All types that a concept has."""
        return list(self.manifest["types"])

    @cached_property
    def rewrites(self) -> dict[str, list[str]]:
        """Words that may be exchanged, see `rewrites`."""
        found: dict[str, list[str]] = self.manifest["rewrites"]
        return found

    def number(self, concept_id: str) -> int | None:
        """The number of a concept; None if it is not here."""
        for number in self.tables.by_id.find(concept_id):
            if self.tables.ids[number] == concept_id:
                return int(number)
        return None

    def concept(self, number: int) -> Concept:
        """A concept by its number."""
        tables = self.tables
        first, last = tables.first_names[number : number + 2]
        names = [tables.names[row] for row in range(first, last)]
        types = [self.type_names[i] for i in self._types(number)]
        definition = tables.definitions[number] or None
        return Concept(tables.ids[number], names[0], names[1:], types, definition)

    def concepts_of_types(self, types: Iterable[str]) -> NDArray[np.bool_]:
        """Which concepts have one of these types; "" stands for having none. # (concepts,)

        RAISES (ValueError): For a type that no concept has.
        """
        wanted, known = set(types), self.type_names
        if unknown := sorted(wanted - {"", *known}):
            raise ValueError(
                Errors.E085.format(found=unknown, name=self.name, known=", ".join(known))
            )
        tables = self.tables
        chosen = np.isin(tables.types, [i for i, name in enumerate(known) if name in wanted])
        counts = np.diff(tables.first_types)
        numbers = np.repeat(np.arange(len(self)), counts)
        found = np.zeros(len(self), dtype=bool)
        found[numbers[chosen]] = True
        return found | (counts == 0) if "" in wanted else found

    @classmethod
    def build(
        cls,
        concepts: Iterable[Concept],
        *,
        name: str,
        version: str = "",
        licence: str = "",
        sources: Sequence[dict[str, Any]] = (),
    ) -> "KnowledgeBase":
        """Make the tables.

        concepts (Iterable[Concept]): Ids must be unique and names not empty, see
            `concepts.check_concepts`.
        sources (Sequence[dict]): For the manifest; may grow while the concepts are read.
        """
        maker = _TableMaker()
        for concept in concepts:
            maker.add(concept)
        manifest = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "licence": licence,
            "sources": list(sources),
            "concepts": len(maker.ids),
            "names": len(maker.names),
            "with_definition": sum(map(bool, maker.definitions)),
            "types": list(maker.type_numbers),
            "rewrites": maker.rewrites.rewrites(),
        }
        return cls(maker.tables(), manifest)

    def to_disk(self, path: Path | str) -> None:
        """Write one file."""
        write_arrays(Path(path), self.tables.flat(), self.manifest)

    def to_bytes(self) -> bytes:
        """What `to_disk` writes."""
        return dump_arrays(self.tables.flat(), self.manifest)

    @classmethod
    def from_disk(cls, path: Path | str) -> "KnowledgeBase":
        """Open a file that `to_disk` wrote; it is read as far as it is needed.

        RAISES (ValueError): If it is not of this kind.
        """
        return cls._from_arrays(*open_arrays(Path(path)), path)

    @classmethod
    def from_bytes(cls, content: bytes) -> "KnowledgeBase":
        """Load what `to_bytes` gave."""
        return cls._from_arrays(*parse_arrays(content, "bytes"), "bytes")

    @classmethod
    def _from_arrays(cls, arrays: Arrays, about: dict[str, Any], path: object) -> "KnowledgeBase":
        if about.get("format") != FORMAT:
            error = f"its format is {about.get('format')!r} and not {FORMAT!r}"
            raise ValueError(Errors.E083.format(path=path, error=error))
        try:
            return cls(Tables.from_flat(arrays), about)
        except KeyError as error:
            raise ValueError(Errors.E083.format(path=path, error=f"{error} is missing")) from error

    def _types(self, number: int) -> list[int]:
        first, last = self.tables.first_types[number : number + 2]
        return [int(i) for i in self.tables.types[first:last]]


class _TableMaker:
    """Collects concepts; makes their tables."""

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
        self.rewrites = RewriteCounter()

    def add(self, concept: Concept) -> None:
        self.ids.append(concept.concept_id)
        self.definitions.append(concept.definition or "")
        split = []
        for name in concept.names:
            parts = words(name)
            split.append(parts)
            self._add_name(name, parts)
        self.rewrites.add(split)
        self.first_names.append(len(self.names))
        numbers = self.type_numbers
        self.types += [numbers.setdefault(name, len(numbers)) for name in concept.types]
        self.first_types.append(len(self.types))

    def tables(self) -> Tables:
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
        content = [part for part in parts if part not in STOP_WORDS]
        if len(content) in ACRONYM_WORDS:
            self.keys["acronym"].append(hash_string("".join(part[0] for part in content)))
            self.with_acronym.append(len(self.names))
        numbers = self.form_numbers
        self.form_of_name.append(numbers.setdefault(bag_key(parts), len(numbers)))
        self.names.append(name)


def manifest_json(kb: KnowledgeBase) -> str:
    """The manifest for people: all but the rewrites."""
    about = {key: value for key, value in kb.manifest.items() if key != "rewrites"}
    return json.dumps(about, indent=2, ensure_ascii=False)
