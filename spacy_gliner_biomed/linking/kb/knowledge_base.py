"""A terminology: its concepts, found by their ids, and what finds them by name."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.build import TableMaker
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.storage import (
    CHECKSUM,
    DAMAGE,
    check_manifest,
    check_tables,
    checksum,
    dump_arrays,
    open_arrays,
    parse_arrays,
    verify,
    write_arrays,
)
from spacy_gliner_biomed.linking.kb.tables import Arrays, Tables

FORMAT = "spacy-gliner-biomed terminology 1"


class KnowledgeBase:
    """A terminology that answers which concepts have a name.

    tables (Tables): Its arrays.
    manifest (dict): What it is: name, version, licence, sources, counts, type names, and the
        checksum that was made when it was built.
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
        (numbers,) = self.tables.by_id.find([concept_id])
        return next((number for number in numbers if self.tables.ids[number] == concept_id), None)

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
        maker = TableMaker()
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
        tables = maker.tables()
        return cls(tables, {**manifest, CHECKSUM: checksum(tables.flat(), manifest)})

    def verify(self, path: object = "the terminology") -> None:
        """Read all of it, and compare its checksum.

        path (object): For messages.
        RAISES (ValueError): If it has changed since it was built, or if an earlier version built
            it, without a checksum.
        """
        verify(self.tables.flat(), self.manifest, path)

    def to_disk(self, path: Path | str) -> None:
        """Write one file."""
        write_arrays(Path(path), self.tables.flat(), self.manifest)

    def to_bytes(self) -> bytes:
        """What `to_disk` writes."""
        return dump_arrays(self.tables.flat(), self.manifest)

    @classmethod
    def from_disk(cls, path: Path | str) -> "KnowledgeBase":
        """Open a file that `to_disk` wrote; it is read as far as it is needed.

        Its arrays are checked as far as that is quick, see `checks`; `verify` checks all.

        RAISES (ValueError): If it is not of this kind, or is damaged.
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
            tables = Tables.from_flat(arrays)
            check_manifest(about)
            check_tables(tables, about)
        except DAMAGE as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ValueError(Errors.E083.format(path=path, error=problem)) from error
        return cls(tables, about)

    def _types(self, number: int) -> list[int]:
        first, last = self.tables.first_types[number : number + 2]
        return [int(i) for i in self.tables.types[first:last]]


def manifest_json(kb: KnowledgeBase) -> str:
    """The manifest for people: all but the rewrites."""
    about = {key: value for key, value in kb.manifest.items() if key != "rewrites"}
    return json.dumps(about, indent=2, ensure_ascii=False)
