"""The knowledge base: concepts by id, and the tables to search them by name."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.build import TableBuilder
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

FORMAT = "spacy-gliner-biomed terminology 2"


class KnowledgeBase:
    """A searchable set of concepts, built from one or more terminologies.

    tables (Tables): Its arrays.
    manifest (dict): Name, version, licence, sources, counts, type names, and the checksum of
        the build.
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
        """The name of the knowledge base."""
        return str(self.manifest["name"])

    @property
    def type_names(self) -> list[str]:
        """All concept types."""
        return list(self.manifest["types"])

    @cached_property
    def rewrites(self) -> dict[str, list[str]]:
        """Words that may replace each other, see `rewrites.RewriteCounter`."""
        found: dict[str, list[str]] = self.manifest["rewrites"]
        return found

    def number(self, concept_id: str) -> int | None:
        """Return the number of a concept; None if the id is unknown."""
        (numbers,) = self.tables.by_id.find([concept_id])
        return next((number for number in numbers if self.tables.ids[number] == concept_id), None)

    def concept(self, number: int) -> Concept:
        """Return a concept by its number."""
        tables = self.tables
        first, last = tables.first_names[number : number + 2]
        names = [tables.names[row] for row in range(first, last)]
        types = [self.type_names[i] for i in self._types(number)]
        definition = tables.definitions[number] or None
        return Concept(tables.ids[number], names[0], names[1:], types, definition)

    def concepts_of_types(self, types: Iterable[str]) -> NDArray[np.bool_]:
        """Select the concepts of some types.

        types (Iterable[str]): Types; "" stands for concepts without one.
        RETURNS (NDArray): A mask. # (concepts,)
        RAISES (ValueError): If no concept has one of the types.
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
        """Build a knowledge base.

        concepts (Iterable[Concept]): Ids must be unique and names not empty, see
            `concepts.check_concepts`.
        name, version, licence (str): For the manifest.
        sources (Sequence[dict]): For the manifest; may grow while the concepts are read.
        RETURNS (KnowledgeBase): The knowledge base, in memory.
        """
        builder = TableBuilder()
        for concept in concepts:
            builder.add(concept)
        manifest = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "licence": licence,
            "sources": list(sources),
            "concepts": len(builder.ids),
            "names": len(builder.names),
            "with_definition": sum(map(bool, builder.definitions)),
            "types": list(builder.type_numbers),
            "rewrites": builder.rewrites(),
        }
        tables = builder.tables()
        return cls(tables, {**manifest, CHECKSUM: checksum(tables.flat(), manifest)})

    def verify(self, path: object = "the knowledge base") -> None:
        """Read everything and check the checksum.

        path (object): The file, for messages.
        RAISES (ValueError): If the content has changed since it was built, or has no checksum
            because an earlier version built it.
        """
        verify(self.tables.flat(), self.manifest, path)

    def to_disk(self, path: Path | str) -> None:
        """Write one file."""
        write_arrays(Path(path), self.tables.flat(), self.manifest)

    def to_bytes(self) -> bytes:
        """Return the content that `to_disk` writes."""
        return dump_arrays(self.tables.flat(), self.manifest)

    @classmethod
    def from_disk(cls, path: Path | str) -> "KnowledgeBase":
        """Map a file of `to_disk` into memory; pages are read when they are needed.

        The arrays are checked where that is quick, see `storage`; `verify` checks everything.

        path (Path | str): The file.
        RETURNS (KnowledgeBase): The knowledge base.
        RAISES (ValueError): If the file is not a knowledge base, or is damaged.
        """
        return cls._from_arrays(*open_arrays(Path(path)), path)

    @classmethod
    def from_bytes(cls, content: bytes) -> "KnowledgeBase":
        """Load the content of `to_bytes`."""
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
    """Return the manifest as indented JSON, without the rewrites."""
    about = {key: value for key, value in kb.manifest.items() if key != "rewrites"}
    return json.dumps(about, indent=2, ensure_ascii=False)
