"""Write a FHIR R4 bundle: one resource for each entity, checked with `fhir.resources`."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha1
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

from spacy.tokens import Doc

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.context import find_context
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.text_forms import (
    count_invalid,
    utf8_text,
    xml_name,
    xml_text,
)
from spacy_gliner_biomed.documents.writing.writer import (
    SYSTEM,
    JsonList,
    WriterSettings,
    attribute_keys,
)
from spacy_gliner_biomed.errors import Errors, Warnings

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
Resource = dict[str, Any]


class FhirWriter:
    r"""Writes a bundle of the type "collection".

    Each document is a `DocumentReference`, without its text. Each entity is a `Condition`,
    `MedicationStatement` or `Observation` that refers to it; a disease of a relative is a
    `FamilyMemberHistory`. See `make_resource` for what negation and the like change.

    FHIR's strings cannot hold control characters: each becomes U+FFFD, in ids "\u0001" and the
    like, and a warning counts them.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.settings = settings
        self.n_documents = self.n_invalid = 0
        validate(reference_to_document("a", "", {"display": "unknown"}))  # fails early without it
        head = '{"resourceType": "Bundle", "type": "collection", "timestamp": "%s", "entry": ['
        timestamp = settings.started.isoformat(timespec="seconds")
        self.list = JsonList(stream, (head % timestamp).encode("utf8"), b"]}")

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the resources of one document."""
        mapping, number = self.settings.fhir, self.n_documents
        patient = record.meta.get(mapping.patient_key)
        known = patient is not None and str(patient).strip()
        value = {"value": _string(xml_name(str(patient)))}
        subject = {"identifier": value} if known else {"display": "unknown"}
        document = reference_to_document(str(record.id), doc.text, subject)
        url = _url(f"{number}\0{record.id}")
        resources = [(url, document)]
        for i, entity in enumerate(found):
            resource = make_resource(entity, subject, {"reference": url}, self.settings)
            resources.append((_url(f"{number}\0{record.id}\0{i}"), resource))
        for _, resource in resources:
            validate(resource)
        self.n_invalid += count_invalid(record.id) + (count_invalid(patient) if known else 0)
        self.n_invalid += sum(_count_invalid(entity, self.settings) for entity in found)
        self.list.add(*({"fullUrl": name, "resource": resource} for name, resource in resources))
        self.n_documents += 1

    def finish(self) -> None:
        """Close the bundle."""
        self.list.finish()
        if self.n_invalid:
            warn(Warnings.W210.format(n=self.n_invalid, format="FHIR"))


def validate(resource: Resource) -> None:
    """Check a resource against FHIR R4B.

    resource (Resource): A resource.
    RAISES (ValueError): If it is not valid.
    RAISES (ImportError): If `fhir.resources` is not installed.
    """
    kind = resource["resourceType"]
    try:
        _model(kind).model_validate(resource)
    except ValueError as error:
        message = Errors.E225.format(kind=kind, error=shorten(error, 300))
        raise ValueError(message) from error


def reference_to_document(name: str, text: str, subject: Resource) -> Resource:
    """Make the `DocumentReference` of a text, with its size and SHA-1 in UTF-8.

    name (str): The document's id.
    text (str): Its text, which is not part of the resource.
    subject (Resource): A reference to the patient.
    RETURNS (Resource): The resource.
    """
    content, name = text.encode("utf8"), xml_name(name)
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "size": len(content),
        "hash": b64encode(sha1(content, usedforsecurity=False).digest()).decode("ascii"),
        "title": _string(name),
    }
    return {
        "resourceType": "DocumentReference",
        "masterIdentifier": {"value": _string(name)},
        "status": "current",
        "subject": subject,
        "content": [{"attachment": attachment}],
    }


def make_resource(
    entity: Entity, subject: Resource, document: Resource, settings: WriterSettings
) -> Resource:
    """Make the resource of an entity.

    | context | Condition | MedicationStatement | Observation |
    | --- | --- | --- | --- |
    | none | unconfirmed | unknown | preliminary, true |
    | negated | refuted | not-taken | false |
    | uncertain, hypothetical | provisional | unknown | no value |
    | historical | inactive | completed | true |
    | family | FamilyMemberHistory | Observation with a focus | Observation with a focus |
    | family and negated | Observation with a focus | the same | the same |

    entity (Entity): The entity.
    subject (Resource): A reference to the patient.
    document (Resource): A reference to the document.
    settings (WriterSettings): Settings of the run; `fhir` is the mapping.
    RETURNS (Resource): The resource. Offsets, label, score and attributes are in an extension.
    """
    mapping = settings.fhir
    context = set(find_context(entity.attributes, mapping.context))
    kind, concept = mapping.resource_of(entity.label), _concept(entity, settings)
    common = {"extension": [_mention(entity, document, settings)]}
    if "family" in context and kind == "Condition" and "negated" not in context:
        return {**_family_history(subject, concept), **common}
    if "family" in context or kind == "Observation":
        made = _observation(subject, concept, document, context)
    elif kind == "Condition":
        made = _condition(subject, concept, document, context)
    else:
        made = _medication(subject, concept, document, context)
    return {**made, **common}


def _condition(
    subject: Resource, concept: Resource, document: Resource, context: set[str]
) -> Resource:
    unsure = context & {"uncertain", "hypothetical"}
    status = "provisional" if unsure else "unconfirmed"
    made: Resource = {"resourceType": "Condition"}
    if "historical" in context and "negated" not in context:
        made["clinicalStatus"] = _code("condition-clinical", "inactive")
    made["verificationStatus"] = _code(
        "condition-ver-status", "refuted" if "negated" in context else status
    )
    return {**made, "code": concept, "subject": subject, "evidence": [{"detail": [document]}]}


def _medication(
    subject: Resource, concept: Resource, document: Resource, context: set[str]
) -> Resource:
    status = "completed" if "historical" in context else "unknown"
    if context & {"uncertain", "hypothetical"}:
        status = "unknown"
    return {
        "resourceType": "MedicationStatement",
        "status": "not-taken" if "negated" in context else status,
        "medicationCodeableConcept": concept,
        "subject": subject,
        "derivedFrom": [document],
    }


def _observation(
    subject: Resource, concept: Resource, document: Resource, context: set[str]
) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "status": "preliminary",
        "code": concept,
        "subject": subject,
        "derivedFrom": [document],
    }
    if "family" in context:
        made["focus"] = [{"display": "family member"}]
    if "negated" in context or not context & {"uncertain", "hypothetical"}:
        made["valueBoolean"] = "negated" not in context
    return made


def _family_history(subject: Resource, concept: Resource) -> Resource:
    return {
        "resourceType": "FamilyMemberHistory",
        "status": "partial",
        "patient": subject,
        "relationship": _code("v3-RoleCode", "FAMMEMB"),
        "condition": [{"code": concept}],
    }


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": TERMINOLOGY + system, "code": code}]}


def _concept(entity: Entity, settings: WriterSettings) -> Resource:
    """Return a CodeableConcept: the mention as text, and the code of the linked concept."""
    concept: Resource = {"text": _string(entity.text)}
    if entity.concept_id:
        coding = settings.fhir.coding_of(entity.concept_id)
        if entity.concept_name:
            coding["display"] = _string(entity.concept_name)
        concept["coding"] = [coding]
    return concept


def _mention(entity: Entity, document: Resource, settings: WriterSettings) -> Resource:
    """Return the extension that says where an entity is, and how sure the model was."""
    values: dict[str, Any] = {
        "label": entity.label,
        "score": entity.score,
        "link_score": entity.concept_score,
        "concept_id": entity.concept_id,
        "system": SYSTEM,
        **attribute_keys(entity, settings),
    }
    parts: list[Resource] = [
        {"url": "document", "valueReference": document},
        {"url": "start", "valueInteger": entity.start},
        {"url": "end", "valueInteger": entity.end},
    ]
    known = {name: value for name, value in values.items() if value is not None and value != ""}
    parts += [{"url": name, **_extension_value(value)} for name, value in known.items()]
    return {"url": settings.fhir.extension_url, "extension": parts}


def _count_invalid(entity: Entity, settings: WriterSettings) -> int:
    """Count the characters of an entity's values that FHIR does not allow."""
    values = [entity.text, entity.label, entity.concept_id, entity.concept_name]
    values += attribute_keys(entity, settings).values()
    return sum(count_invalid(value) for value in values if value is not None)


def _extension_value(value: Any) -> Mapping[str, Any]:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, (int, float)):
        return {"valueDecimal": value}
    return {"valueString": _string(as_text(value))}


def _string(value: Any) -> str:
    """Return a value as a FHIR string, which must have a space or a visible character."""
    text = xml_text(str(value))
    return text if " " in text or text.strip() else " "


def _url(key: str) -> str:
    return uuid5(NAMESPACE_URL, utf8_text(key)).urn


@lru_cache
def _model(kind: str) -> Any:
    module = f"fhir.resources.R4B.{kind.lower()}"
    return getattr(import_optional(module, "FHIR", extra="formats"), kind)
