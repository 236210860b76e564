"""How entities become FHIR resources: the default, and a user's file that changes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import read_text
from spacy_gliner_biomed.common.json_text import parse_json_object
from spacy_gliner_biomed.documents.writing.context import CONTEXT_ATTRIBUTES
from spacy_gliner_biomed.errors import Errors

RESOURCES = ("Condition", "MedicationStatement", "Observation")
CUI = re.compile(r"C\d{7}")  # a concept id of UMLS, which has no prefix

CONDITIONS = "disease, disorder, disease or disorder, diagnosis, condition, medical condition"
CONDITIONS += ", problem, cancer, tumor, tumour, injury, infection, adverse event, side effect"
MEDICATIONS = "drug, medication, medicine, chemical, chemical or drug, drug or chemical, vaccine"
MEDICATIONS += ", treatment drug, active ingredient"
OBO = "http://purl.obolibrary.org/obo/{}.owl"


def _default_resources() -> dict[str, str]:
    conditions = dict.fromkeys(CONDITIONS.split(", "), "Condition")
    return {**conditions, **dict.fromkeys(MEDICATIONS.split(", "), "MedicationStatement")}


def _default_systems() -> dict[str, str]:
    ontologies = ("MONDO", "DOID", "CHEBI", "GO", "NCBITaxon", "UBERON", "CL")
    return {
        "MESH": "urn:oid:2.16.840.1.113883.6.177",
        "UMLS": "urn:oid:2.16.840.1.113883.6.86",
        "SNOMEDCT": "http://snomed.info/sct",
        "SNOMED": "http://snomed.info/sct",
        "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "LOINC": "http://loinc.org",
        "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
        "ICD10": "http://hl7.org/fhir/sid/icd-10",
        "HP": "http://human-phenotype-ontology.org",
        **{name: OBO.format(name.lower()) for name in ontologies},
    }


@dataclass(frozen=True)
class FhirMapping:
    """How entities become FHIR resources.

    default (str): The resource for labels that `resources` does not name.
    resources (Mapping[str, str]): The resource of each label; case, "_" and "-" do not matter.
    systems (Mapping[str, str]): The URI of the code system of each prefix of concept ids.
    keep_prefix (tuple[str, ...]): Prefixes that are part of the code, as in "HP:0001250".
    context (Mapping[str, tuple[str, ...]]): The attributes that say that an entity is negated,
        uncertain, hypothetical, historical, or a relative's.
    patient_key (str): The key of a document's metadata that identifies the patient.
    extension_url (str): The URL of the extension with offsets, label, score and attributes.
    """

    default: str = "Observation"
    resources: Mapping[str, str] = field(default_factory=_default_resources)
    systems: Mapping[str, str] = field(default_factory=_default_systems)
    keep_prefix: tuple[str, ...] = ("HP", "MONDO", "DOID", "CHEBI", "GO", "UBERON", "CL")
    context: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: CONTEXT_ATTRIBUTES)
    patient_key: str = "patient_id"
    extension_url: str = "urn:x-spacy-gliner-biomed:mention"

    def resource_of(self, label: str) -> str:
        """Return the resource of a label."""
        return self.resources.get(_normalize(label), self.default)

    def coding_of(self, concept_id: str) -> dict[str, str]:
        """Return system and code of a concept; an unknown prefix stays in the code."""
        prefix, colon, local = concept_id.partition(":")
        if CUI.fullmatch(concept_id):
            prefix, colon, local = "UMLS", ":", concept_id
        system = self.systems.get(prefix) or self.systems.get(prefix.upper())
        if not colon or system is None:
            return {"code": concept_id}
        return {"system": system, "code": concept_id if prefix in self.keep_prefix else local}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], path: object = "the mapping") -> "FhirMapping":
        """Make a mapping from a user's values; tables are added to the default ones.

        values (Mapping[str, Any]): Any of the fields.
        path (object): The file, for messages.
        RETURNS (FhirMapping): The mapping.
        RAISES (ValueError): If a key or a resource is unknown, or a value has the wrong type.
        """
        default = cls()
        made: dict[str, Any] = {}
        for key, value in values.items():
            if key not in (names := [each.name for each in fields(cls)]):
                raise ValueError(_problem(path, f"unknown key {key!r}", ", ".join(names)))
            made[key] = _merge(path, key, getattr(default, key), value)
        mapping = cls(**made)
        for label, resource in [("default", mapping.default), *mapping.resources.items()]:
            if resource not in RESOURCES:
                found = f"the resource {resource!r} of {label!r}"
                raise ValueError(_problem(path, found, ", ".join(RESOURCES)))
        return mapping


def read_fhir_mapping(path: Path) -> dict[str, Any]:
    """Read and check a mapping file.

    path (Path): A file .json or .toml with fields of `FhirMapping`.
    RETURNS (dict[str, Any]): Its values, for `FhirMapping.from_dict`.
    RAISES (ValueError): If it cannot be read, or a value is wrong.
    RAISES (ImportError): For TOML on Python 3.10.
    """
    try:
        text = read_text(path)
        values = (
            _parse_toml(text, path) if path.suffix.lower() == ".toml" else parse_json_object(text)
        )
    except (OSError, ValueError) as error:
        raise ValueError(Errors.E223.format(path=path, error=error)) from error
    FhirMapping.from_dict(values, path)
    return values


def _parse_toml(text: str, path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = import_module("tomllib").loads(text)
    except ImportError as error:
        raise ImportError(Errors.E415.format(path=path)) from error
    return values


def _merge(path: object, key: str, default: Any, value: Any) -> Any:
    """Return a value of the mapping in the type of its default."""
    if isinstance(default, Mapping) and isinstance(value, dict):
        normalize = _normalize if key == "resources" else str
        changed = {normalize(name): _strings(path, key, inner) for name, inner in value.items()}
        return {**default, **changed}
    if isinstance(default, tuple) and isinstance(value, list):
        return _strings(path, key, value)
    if isinstance(default, str) and isinstance(value, str):
        return value
    allowed = "a table" if isinstance(default, Mapping) else "text"
    raise ValueError(_problem(path, f"{key} = {value!r}", allowed))


def _strings(path: object, key: str, value: Any) -> Any:
    """Check a string (in most tables) or a list of strings (in `context`)."""
    listed = value if isinstance(value, list) else [value]
    wants_list = key in ("context", "keep_prefix")
    if isinstance(value, list) != wants_list or not all(isinstance(one, str) for one in listed):
        allowed = "lists of texts" if wants_list else "texts"
        raise ValueError(_problem(path, f"{key} with {value!r}", allowed))
    return tuple(value) if wants_list else value


def _problem(path: object, found: str, allowed: str) -> str:
    return Errors.E224.format(path=path, found=found, allowed=allowed)


def _normalize(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").split())
