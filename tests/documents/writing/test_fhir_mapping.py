import json
import sys
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.documents.writing.fhir_mapping import FhirMapping, read_fhir_mapping

TOML = """
default = "Condition"
[resources]
"SIDE-effect" = "Observation"
[systems]
LOCAL = "http://example.org/local"
[context]
negated = ["denied"]
"""
VALUES = {
    "default": "Condition",
    "resources": {"SIDE-effect": "Observation"},
    "systems": {"LOCAL": "http://example.org/local"},
    "context": {"negated": ["denied"]},
}


def test_default_maps_diseases_and_drugs_in_any_spelling() -> None:
    mapping = FhirMapping()
    assert mapping.resource_of("Disease") == mapping.resource_of("medical_condition") == "Condition"
    assert mapping.resource_of("DRUG") == "MedicationStatement"
    assert mapping.resource_of("anything") == "Observation"


@pytest.mark.parametrize(
    ("concept", "coding"),
    [
        ("MESH:D008113", {"system": "urn:oid:2.16.840.1.113883.6.177", "code": "D008113"}),
        ("C0015967", {"system": "urn:oid:2.16.840.1.113883.6.86", "code": "C0015967"}),
        ("HP:0001250", {"system": "http://human-phenotype-ontology.org", "code": "HP:0001250"}),
        (
            "NCBITaxon:9606",
            {"system": "http://purl.obolibrary.org/obo/ncbitaxon.owl", "code": "9606"},
        ),
        ("ODD:1", {"code": "ODD:1"}),
        ("odd", {"code": "odd"}),
    ],
)
def test_prefix_of_a_concept_is_its_code_system(concept: str, coding: dict[str, str]) -> None:
    assert FhirMapping().coding_of(concept) == coding


def test_files_change_the_default(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(VALUES))
    mapping = FhirMapping.from_dict(read_fhir_mapping(path))
    assert mapping.resource_of("anything") == "Condition"
    assert mapping.resource_of("side effect") == "Observation"
    assert mapping.resource_of("drug") == "MedicationStatement"
    assert mapping.coding_of("LOCAL:1") == {"system": "http://example.org/local", "code": "1"}
    assert (mapping.context["negated"], mapping.context["family"]) == (("denied",), ("is_family",))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no parser of TOML")
def test_toml_gives_the_same_values(tmp_path: Path) -> None:
    path = tmp_path / "map.TOML"
    path.write_text(TOML)
    assert read_fhir_mapping(path) == VALUES


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"resource": {}}, r"GB-E224.*unknown key 'resource'.*resources"),
        ({"resources": {"a": "Patient"}}, r"GB-E224.*'Patient' of 'a'.*Condition"),
        ({"default": "none"}, r"GB-E224.*'none' of 'default'"),
        ({"resources": []}, r"GB-E224.*a table"),
        ({"patient_key": 3}, r"GB-E224.*text"),
        ({"systems": {"A": ["x"]}}, r"GB-E224.*texts"),
        ({"context": {"negated": "negex"}}, r"GB-E224.*lists of texts"),
    ],
)
def test_mistakes_are_named(values: dict[str, Any], problem: str, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ValueError, match=problem):
        read_fhir_mapping(path)


def test_a_file_that_cannot_be_parsed_is_named(tmp_path: Path) -> None:
    for name in ("map.json", "map.toml"):
        (tmp_path / name).write_text("{ = ")
        no_toml = name == "map.toml" and sys.version_info < (3, 11)
        expected, code = (ImportError, "GB-E415") if no_toml else (ValueError, "GB-E223")
        with pytest.raises(expected, match=rf"{code}.*{name}"):
            read_fhir_mapping(tmp_path / name)
