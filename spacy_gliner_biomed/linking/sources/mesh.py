"""Reads MeSH in the formats of the National Library of Medicine: XML and ASCII (.bin)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import UTF8, read_lines
from spacy_gliner_biomed.common.xml_elements import read_elements
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located

PREFIX = "MESH:"
# The trees of MeSH, by the first letter of their numbers.
TREES = {
    "A": "Anatomy",
    "B": "Organisms",
    "C": "Diseases",
    "D": "Chemicals and Drugs",
    "E": "Analytical, Diagnostic and Therapeutic Techniques and Equipment",
    "F": "Psychiatry and Psychology",
    "G": "Phenomena and Processes",
    "H": "Disciplines and Occupations",
    "I": "Anthropology, Education, Sociology and Social Phenomena",
    "J": "Technology, Industry and Agriculture",
    "K": "Humanities",
    "L": "Information Science",
    "M": "Named Groups",
    "N": "Health Care",
    "V": "Publication Characteristics",
    "Z": "Geographicals",
}
BRANCH = 3  # letters and digits of a branch: C08 is "Respiratory Tract Diseases"
# Records, and how the names of their fields begin.
RECORDS = {"DescriptorRecord": "Descriptor", "SupplementalRecord": "SupplementalRecord"}
# Classes of supplementary records.
CLASSES = {"1": TREES["D"], "3": TREES["C"], "4": TREES["B"]}


def read_mesh_xml(path: Path) -> Iterator[Located]:
    """Read descriptors (desc*.xml) or supplementary records (supp*.xml), with record numbers."""
    for number, element in enumerate(read_elements(path, RECORDS), 1):
        yield number, _record_concept(element, RECORDS[element.tag])


def read_mesh_ascii(path: Path, encoding: str = UTF8) -> Iterator[Located]:
    """Read descriptors (d*.bin) or supplementary records (c*.bin), with line numbers."""
    start, fields = 0, dict[str, list[str]]()
    for number, line in read_lines(path, encoding):
        if line == "*NEWRECORD":
            if start:
                yield start, _fields_concept(fields)
            start, fields = number, {}
        elif line.strip():
            key, equals, value = line.partition(" = ")
            if not equals or not start:
                error = f"{line[:40]!r} is not 'FIELD = value' after '*NEWRECORD'"
                raise ValueError(Errors.E060.format(path=path, line=number, error=error))
            fields.setdefault(key, []).append(value.strip())
    if start:
        yield start, _fields_concept(fields)


def _record_concept(record: Any, prefix: str) -> Concept:
    concept_id = record.findtext(f"{prefix}UI", "")
    name = record.findtext(f"{prefix}Name/String", "")
    terms = [term.text or "" for term in record.iterfind(".//TermList/Term/String")]
    trees = [tree.text or "" for tree in record.iterfind("TreeNumberList/TreeNumber")]
    types = _tree_types(trees) or [CLASSES[c] for c in [record.get("SCRClass", "")] if c in CLASSES]
    note = (record.findtext(".//ScopeNote") or record.findtext("Note") or "").strip() or None
    return _make(concept_id, name, terms, types, note)


def _fields_concept(fields: dict[str, list[str]]) -> Concept:
    """Make a concept. The first part of an ENTRY or SY, up to "|", is the term."""
    synonyms = [fields.get(key, []) for key in ("PRINT ENTRY", "ENTRY", "SY")]
    entries = [value.split("|")[0] for values in synonyms for value in values]
    name = (fields.get("MH") or fields.get("NM") or [""])[0]
    types = _tree_types(fields.get("MN", []))
    note = next(iter([*fields.get("MS", []), *fields.get("NO", [])]), None)
    return _make(fields.get("UI", [""])[0], name, entries, types, note)


def _make(
    concept_id: str, name: str, terms: Sequence[str], types: Sequence[str], note: str | None
) -> Concept:
    aliases = [term for term in dict.fromkeys(terms) if term != name]
    return Concept(PREFIX + concept_id if concept_id else "", name, aliases, types, note)


def _tree_types(numbers: Sequence[str]) -> list[str]:
    """Return the trees and branches of a record: "Diseases" and "C08" for C08.127."""
    known = [number for number in numbers if number[:1] in TREES]
    trees = [TREES[number[0]] for number in known]
    return list(dict.fromkeys([*trees, *(number[:BRANCH] for number in known)]))
