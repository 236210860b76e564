from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts


def conso(cui: str, name: str, *, lat: str = "ENG", ts: str = "P", suppress: str = "N") -> str:
    cells = [cui, lat, ts, "L1", "PF", "S1", "Y", "A1", "", "", "", "MSH", "MH", "D1", name]
    return "|".join([*cells, "0", suppress, "256", ""]) + "\n"


NAMES = (
    conso("C0001", "asthmas", ts="S")
    + conso("C0001", "Asthma")
    + conso("C0001", "Asma", lat="SPA")
    + conso("C0001", "old asthma", suppress="O")
    + conso("C0002", "Gout")
)


def test_english_names_that_are_not_suppressed_are_read(tmp_path: Path) -> None:
    (tmp_path / "MRCONSO.RRF").write_text(NAMES)
    (tmp_path / "MRSTY.RRF").write_text("C0001|T047|B2.2|Disease or Syndrome|AT1|256|\n")
    (tmp_path / "MRDEF.RRF").write_text("C0001|A1|AT1||MSH|A wheeze.|N||\n")
    expected = [
        Concept("C0001", "Asthma", ["asthmas"], ["T047"], "A wheeze."),
        Concept("C0002", "Gout", [], []),
    ]
    assert list(read_concepts(tmp_path)) == expected


def test_names_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "MRCONSO.RRF").write_text(NAMES)
    found = list(read_concepts(tmp_path / "MRCONSO.RRF"))
    assert [concept.types for concept in found] == [[], []]


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E050.*MRCONSO"):
        list(read_concepts(tmp_path))
    (tmp_path / "MRCONSO.RRF").write_text(NAMES + "C0003|ENG|\n")
    with pytest.raises(ValueError, match=r"MRCONSO\.RRF, line 6: 2 cells .* instead of 18"):
        list(read_concepts(tmp_path))
    (tmp_path / "MRCONSO.RRF").write_text(NAMES + conso("C0001", "Asthma again"))
    with pytest.raises(ValueError, match="line 6: the id 'C0001' is already in line"):
        list(read_concepts(tmp_path))
