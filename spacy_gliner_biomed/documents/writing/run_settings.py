"""Settings of writers that follow from a pipeline and the options of a command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Span

from spacy_gliner_biomed.documents.writing.attributes import (
    attribute_kinds,
    check_attributes,
    parse_attributes,
)
from spacy_gliner_biomed.documents.writing.entities import EntityReader
from spacy_gliner_biomed.documents.writing.fhir_mapping import FhirMapping, read_fhir_mapping
from spacy_gliner_biomed.documents.writing.run_info import describe_run
from spacy_gliner_biomed.documents.writing.writer import WriterSettings


@dataclass(frozen=True)
class WritingOptions:
    """What a user chooses about outputs, in plain values.

    attributes (Sequence[str]): Custom attributes to write, `ent._.NAME`.
    fhir (Mapping[str, Any]): Changes to the mapping to FHIR, see `fhir_mapping`.
    """

    attributes: Sequence[str] = ()
    fhir: Mapping[str, Any] = field(default_factory=dict)


def make_writing_options(attributes: str | None, fhir_mapping: Path | None) -> WritingOptions:
    """Make the options of a command.

    attributes (str | None): The option `--attributes`: names separated by commas.
    fhir_mapping (Path | None): The option `--fhir-mapping`: a file.
    RETURNS (WritingOptions): The options.
    RAISES (ValueError): If the mapping cannot be read, or is wrong.
    """
    fhir = {} if fhir_mapping is None else read_fhir_mapping(fhir_mapping)
    return WritingOptions(parse_attributes(attributes), fhir)


def prepare_writing(
    nlp: Language, options: WritingOptions, *, reads_context: bool
) -> tuple[EntityReader, WriterSettings]:
    """Check the options against the pipeline, and make what reads and writes its entities.

    nlp (Language): The loaded pipeline, whose components have registered their attributes.
    options (WritingOptions): The options.
    reads_context (bool): Whether a format needs negation and the like. Then the attributes that say
        so are read where they exist, even if they are not written themselves.
    RETURNS (tuple[EntityReader, WriterSettings]): The reader, and the settings of all writers.
    RAISES (ValueError): If an attribute or the mapping is unknown or wrong.
    """
    check_attributes(options.attributes)
    kinds = attribute_kinds(options.attributes)
    mapping = FhirMapping.from_dict(options.fhir)
    context = _registered(mapping.context.values()) if reads_context else []
    reader = EntityReader(nlp, dict.fromkeys([*kinds, *context]))
    labels = [] if reader.gliner is None else reader.gliner.labels
    run = describe_run(nlp, reader.gliner)
    return reader, WriterSettings(labels, kinds, reader.linked, mapping, run=run)


def _registered(names: Iterable[Iterable[str]]) -> list[str]:
    return [name for each in names for name in each if Span.has_extension(name)]
