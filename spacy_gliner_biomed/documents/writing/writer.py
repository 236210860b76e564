"""What all writers have in common: their interface, their settings, and JSON in one list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, BinaryIO, Protocol

from spacy.tokens import Doc

from spacy_gliner_biomed import __version__
from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.fhir_mapping import FhirMapping
from spacy_gliner_biomed.documents.writing.run_info import RunInfo

SYSTEM = f"spacy-gliner-biomed {__version__}"


@dataclass(frozen=True)
class WriterSettings:
    """What is known about a run before its first document.

    labels (Sequence[str]): The labels that are predicted.
    attributes (Mapping[str, str]): The attributes to write, and the types of their columns, see
        `attributes.attribute_kinds`.
    linked (bool): Whether the pipeline has a linker.
    fhir (FhirMapping): How entities become FHIR resources.
    started (datetime): The time of the run.
    run (RunInfo): The model and its settings, for people who read the output.
    all_attributes (bool): Whether to write all attributes of an entity; False writes only those in
        `attributes`. FHIR and OMOP add attributes of their own, which other outputs must not show.
    gold (bool): Whether the entities are the input's own, so that its annotated labels hold.
    """

    labels: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    linked: bool = False
    fhir: FhirMapping = field(default_factory=FhirMapping)
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    run: RunInfo = field(default_factory=RunInfo)
    all_attributes: bool = False
    gold: bool = False


DEFAULT_SETTINGS = WriterSettings()


class Writer(Protocol):
    """Writes Docs to a stream; `finish` must be called after the last one."""

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one Doc.

        doc (Doc): The annotated Doc.
        record (Record): Its id and metadata.
        found (Sequence[Entity]): Its entities.
        """

    def finish(self) -> None:
        """Write the end of the output, and warn about what it could not hold."""


WriterFactory = Callable[[BinaryIO, WriterSettings], Writer]


class JsonList:
    """Writes a JSON list item by item, without holding it in memory.

    stream (BinaryIO): The stream to write to.
    head, tail (bytes): What is written before and after the items.
    """

    def __init__(self, stream: BinaryIO, head: bytes = b"[", tail: bytes = b"]") -> None:
        self.stream = stream
        self.tail = tail
        self.before = head + b"\n"

    def add(self, *items: Any) -> None:
        """Write items; if one cannot be written as JSON, write none of them."""
        content = b",\n".join(map(dump_json, items))
        if items:
            self.stream.write(self.before + content)
            self.before = b",\n"

    def finish(self) -> None:
        """Write the end of the list."""
        if self.before != b",\n":
            self.stream.write(self.before.rstrip())
        self.stream.write(b"\n" + self.tail + b"\n")


def concept_keys(entity: Entity, settings: WriterSettings) -> dict[str, Any]:
    """Return the keys of an entity's concept: all if the pipeline has a linker, otherwise only
    those with a value.

    entity (Entity): The entity.
    settings (WriterSettings): Settings of the run.
    RETURNS (dict[str, Any]): `concept_id`, `concept_name` and `concept_score`.
    """
    concept = {
        "concept_id": entity.concept_id,
        "concept_name": entity.concept_name,
        "concept_score": entity.concept_score,
    }
    return concept if settings.linked else {k: v for k, v in concept.items() if v is not None}


def attribute_keys(entity: Entity, settings: WriterSettings) -> dict[str, Any]:
    """Return the attributes of an entity that are to be written, with their values."""
    known = {name: entity.attributes.get(name) for name in settings.attributes}
    return {**known, **entity.attributes} if settings.all_attributes else known


def extra_keys(entity: Entity, settings: WriterSettings) -> dict[str, Any]:
    """Return the keys of concept and attributes, for formats that take any keys."""
    return {**concept_keys(entity, settings), **attribute_keys(entity, settings)}
