from dataclasses import replace
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts

DESCRIPTORS = """<?xml version="1.0"?>
<DescriptorRecordSet>
 <DescriptorRecord>
  <DescriptorUI>D001249</DescriptorUI>
  <DescriptorName><String>Asthma</String></DescriptorName>
  <TreeNumberList><TreeNumber>C08.127</TreeNumber><TreeNumber>C20.5</TreeNumber></TreeNumberList>
  <ConceptList>
   <Concept PreferredConceptYN="Y"><ScopeNote>A wheeze.
   </ScopeNote><TermList><Term><String>Asthma</String></Term>
    <Term><String>Bronchial Asthma</String></Term></TermList></Concept>
   <Concept><TermList><Term><String>Wheezing</String></Term></TermList></Concept>
  </ConceptList>
 </DescriptorRecord>
</DescriptorRecordSet>
"""
SUPPLEMENTARY = """<SupplementalRecordSet><SupplementalRecord SCRClass="3">
 <SupplementalRecordUI>C1</SupplementalRecordUI>
 <SupplementalRecordName><String>Rare Disease</String></SupplementalRecordName><Note>Rare.</Note>
</SupplementalRecord></SupplementalRecordSet>
"""
ASCII = """*NEWRECORD
RECTYPE = D
MH = Asthma
PRINT ENTRY = Bronchial Asthma|T047|NON|EQV
ENTRY = Wheezing
MN = C08.127
MS = A wheeze.
UI = D001249

*NEWRECORD
RECTYPE = C
NM = Rare Disease
SY = Rarity|T047
UI = C1
"""
ASTHMA = Concept(
    "MESH:D001249", "Asthma", ["Bronchial Asthma", "Wheezing"], ["Diseases", "C08"], "A wheeze."
)


def test_descriptors_of_xml_are_read(tmp_path: Path) -> None:
    (tmp_path / "desc.xml").write_text(DESCRIPTORS)
    expected = replace(ASTHMA, types=["Diseases", "C08", "C20"])  # of both tree numbers
    assert list(read_concepts(tmp_path / "desc.xml")) == [expected]


def test_supplementary_records_of_xml_are_read(tmp_path: Path) -> None:
    (tmp_path / "supp.xml").write_text(SUPPLEMENTARY)
    expected = Concept("MESH:C1", "Rare Disease", [], ["Diseases"], "Rare.")
    assert list(read_concepts(tmp_path / "supp.xml")) == [expected]


def test_ascii_is_read(tmp_path: Path) -> None:
    (tmp_path / "d.bin").write_text(ASCII)
    expected = [ASTHMA, Concept("MESH:C1", "Rare Disease", ["Rarity"], [])]
    assert list(read_concepts(tmp_path / "d.bin")) == expected


def test_broken_xml_is_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "desc.xml").write_text(DESCRIPTORS.replace("</DescriptorRecord>", ""))
    with pytest.raises(ValueError, match=r"GB-E060.*desc\.xml, line 14: mismatched tag"):
        list(read_concepts(tmp_path / "desc.xml"))


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("MH = Asthma\n", 1, "NEWRECORD"),
        ("*NEWRECORD\nMH Asthma\n", 2, "FIELD = value"),
        ("*NEWRECORD\nMH = Asthma\n", 1, "empty id"),
        ("*NEWRECORD\nUI = D1\n", 1, "empty name"),
    ],
)
def test_broken_ascii_is_named_by_line(
    tmp_path: Path, text: str, number: int, message: str
) -> None:
    (tmp_path / "d.bin").write_text(text)
    with pytest.raises(ValueError, match=rf"GB-E060.*d\.bin, line {number}: .*{message}"):
        list(read_concepts(tmp_path / "d.bin"))
