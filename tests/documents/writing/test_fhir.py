import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha1
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.fhir import (
    _string,
    make_resource,
    reference_to_document,
    validate,
)
from spacy_gliner_biomed.documents.writing.fhir_mapping import FhirMapping
from tests.documents.writing.samples import (
    ASPIRIN,
    NOTE,
    SETTINGS,
    Written,
    documents,
    sample,
    write,
)

SUBJECT, DOCUMENT = {"display": "unknown"}, {"reference": "urn:uuid:1"}


def read(content: bytes) -> list[dict[str, Any]]:
    """The resources of a bundle that fhir.resources accepts."""
    bundle = Bundle.model_validate_json(content)
    assert bundle.type == "collection"
    entries: list[dict[str, Any]] = json.loads(content)["entry"]
    assert len({entry["fullUrl"] for entry in entries}) == len(entries)
    return [entry["resource"] for entry in entries]


def resource(label: str, **attributes: bool) -> dict[str, Any]:
    entity = Entity(0, 7, label, 0.75, "Aspirin", attributes=attributes)
    made = make_resource(entity, SUBJECT, DOCUMENT, SETTINGS)
    validate(made)
    return made


def test_a_document_is_referred_to_by_one_resource_for_each_entity() -> None:
    content = write("fhir", sample(Record("n1", {"patient_id": 17}), section_category="plan"))
    document, drug, ulcer = read(content)
    kinds = [each["resourceType"] for each in (document, drug, ulcer)]
    assert kinds == ["DocumentReference", "MedicationStatement", "Observation"]
    attachment = document["content"][0]["attachment"]
    assert (attachment["title"], attachment["size"]) == ("n1", len(NOTE.encode()))
    assert attachment["hash"] == b64encode(sha1(NOTE.encode()).digest()).decode()
    assert NOTE not in content.decode()
    for each in (document, drug, ulcer):
        assert each["subject"] == {"identifier": {"value": "17"}}
    assert drug["medicationCodeableConcept"] == {
        "text": "Aspirin",
        "coding": [
            {
                "system": "urn:oid:2.16.840.1.113883.6.177",
                "code": "D001241",
                "display": "Aspirin",
            }
        ],
    }
    (extension,) = ulcer["extension"]
    parts = {part.pop("url"): next(iter(part.values())) for part in extension["extension"]}
    assert NOTE[parts["start"] : parts["end"]] == "gastric ulcer" == ulcer["code"]["text"]
    assert (parts["label"], parts["score"], parts["negex"]) == ("gastric disease", 0.5, True)
    assert parts["section_category"] == "plan"
    assert parts["document"] == ulcer["derivedFrom"][0] == drug["derivedFrom"][0]


@pytest.mark.parametrize(
    ("attributes", "status", "clinical"),
    [
        ({}, "unconfirmed", None),
        ({"negex": True}, "refuted", None),
        ({"is_negated": True, "is_historical": True, "is_family": True}, "refuted", None),
        ({"is_uncertain": True}, "provisional", None),
        ({"is_historical": True}, "unconfirmed", "inactive"),
    ],
)
def test_context_of_a_disease_is_its_status(
    attributes: dict[str, bool], status: str, clinical: str | None
) -> None:
    made = resource("disease", **attributes)
    if attributes.get("is_family"):  # that a relative does not have it says nothing of the patient
        assert made["resourceType"] == "Observation"
        assert (made["valueBoolean"], made["focus"]) == (False, [{"display": "family member"}])
        return
    assert made["resourceType"] == "Condition"
    assert made["verificationStatus"]["coding"][0]["code"] == status
    coding = made.get("clinicalStatus", {"coding": [{"code": None}]})["coding"]
    assert coding[0]["code"] == clinical


def test_a_disease_of_a_relative_is_no_condition_of_the_patient() -> None:
    made = resource("disease", is_family=True)
    assert made["resourceType"] == "FamilyMemberHistory"
    assert made["condition"] == [{"code": {"text": "Aspirin"}}]


def test_context_of_drugs_and_of_others() -> None:
    assert resource("drug")["status"] == "unknown"
    assert resource("drug", negex=True)["status"] == "not-taken"
    assert resource("drug", is_historical=True)["status"] == "completed"
    assert resource("drug", is_family=True)["resourceType"] == "Observation"
    assert resource("symptom")["valueBoolean"] is True
    assert resource("symptom", negex=True)["valueBoolean"] is False
    assert "valueBoolean" not in resource("symptom", is_hypothetical=True)


def test_the_mapping_chooses_resource_system_and_extension() -> None:
    mapping = FhirMapping.from_dict(
        {
            "resources": {"Gastric_Disease": "Condition"},
            "systems": {"MESH": "http://example.org/mesh"},
            "keep_prefix": ["MESH"],
            "extension_url": "http://example.org/where",
        }
    )
    _, drug, ulcer = read(write("fhir", sample(), settings=replace(SETTINGS, fhir=mapping)))
    assert ulcer["resourceType"] == "Condition"
    assert ulcer["evidence"][0]["detail"] == [drug["derivedFrom"][0]]
    (coding,) = drug["medicationCodeableConcept"]["coding"]
    assert (coding["system"], coding["code"]) == ("http://example.org/mesh", "MESH:D001241")
    assert drug["extension"][0]["url"] == "http://example.org/where"


@pytest.mark.filterwarnings("ignore:.GB-W210")
@settings(max_examples=30)
@given(written=st.lists(documents(), max_size=2))
def test_any_documents_give_a_valid_bundle_with_each_entity_once(written: list[Written]) -> None:
    found = read(write("fhir", *written)) if written else []
    documents_ = [each for each in found if each["resourceType"] == "DocumentReference"]
    assert len(documents_) == len(written)
    places = [
        [part.get("valueInteger") for part in each["extension"][0]["extension"][1:3]]
        for each in found
        if each not in documents_
    ]
    assert places == [[e.start, e.end] for *_, entities in written for e in entities]


def test_a_resource_that_is_not_valid_is_refused() -> None:
    made = make_resource(ASPIRIN, SUBJECT, DOCUMENT, SETTINGS)
    with pytest.raises(ValueError, match=r"GB-E225.*MedicationStatement.*status"):
        validate({key: value for key, value in made.items() if key != "status"})


@pytest.mark.parametrize("text", ["", "\x85", "\u2028", "\xa0\n", "\u3000 "])
def test_text_without_a_visible_character_is_a_valid_string(text: str) -> None:
    validate(reference_to_document("a", "", {"display": _string(text)}))


def test_ids_that_fhir_does_not_hold_stay_different() -> None:
    records = [Record(f"n{mark}", {"patient_id": f"p{mark}"}) for mark in "\x0b\x0c"]
    with pytest.warns(UserWarning, match=r"GB-W210\] 4 control characters .* FHIR does not"):
        entries = json.loads(write("fhir", *map(sample, records)))["entry"]
    documents = [x["resource"] for x in entries if "masterIdentifier" in x["resource"]]
    assert [x["masterIdentifier"]["value"] for x in documents] == [r"n\u000b", r"n\u000c"]
    assert [x["subject"]["identifier"]["value"] for x in documents] == [r"p\u000b", r"p\u000c"]


def test_replaced_control_characters_are_counted() -> None:
    drug = replace(
        ASPIRIN,
        text="As\x01pirin",
        concept_name="a\x02\x03",
        attributes={"section_category": "\x04"},
    )
    doc, record, _ = sample(Record("n1"))
    with pytest.warns(UserWarning, match=r"GB-W210\] 4 control characters .* FHIR does not"):
        _, resource = read(write("fhir", (doc, record, [drug])))
    assert resource["medicationCodeableConcept"]["text"] == "As\ufffdpirin"
