import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.concepts import Concept
from spacy_gliner_biomed.linking.sources import guess_format, read_concepts


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf8")
    return path


def line(concept_id: str = "D:1", name: str = "Asthma", **more: object) -> str:
    return json.dumps({"concept_id": concept_id, "canonical_name": name, **more}) + "\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", "jsonl"),
        ("a.jsonl.gz", "jsonl"),
        ("a.OBO", "obo"),
        ("desc2025.xml.gz", "mesh-xml"),
        ("d2025.bin", "mesh-ascii"),
        ("MRCONSO.RRF", "umls"),
        ("a.tsv", "csv"),
        ("a.kb", None),
    ],
)
def test_the_format_goes_by_the_name(name: str, expected: str | None) -> None:
    assert guess_format(Path(name)) == expected


def test_json_lines_are_read_zipped_or_not(tmp_path: Path) -> None:
    text = (
        line(aliases=["bronchial asthma"], types=["disease"], definition="A.") + "\n" + line("D:2")
    )
    expected = [
        Concept("D:1", "Asthma", ["bronchial asthma"], ["disease"], "A."),
        Concept("D:2", "Asthma", [], []),
    ]
    assert list(read_concepts(write(tmp_path / "a.jsonl", text))) == expected
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    assert list(read_concepts(tmp_path / "a.jsonl.gz")) == expected


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        (line() + "{broken\n", 2, "Expecting property name"),
        (line() + line("D:2") + line(), 3, "the id 'D:1' is already in line 1"),
        (line(name=" "), 1, "has an empty name"),
        (line(aliases=[""]), 1, "has an empty name"),
        (line(concept_id=""), 1, "empty id"),
        (line(aliases="asthma"), 1, "lists of strings"),
        (line(concept_id=7), 1, "must be strings"),  # type: ignore[arg-type]
        ('{"concept_id": "D:1"}\n', 1, "'canonical_name' is missing"),
        ("[1]\n", 1, ""),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, number: int, message: str) -> None:
    path = write(tmp_path / "a.jsonl", text)
    with pytest.raises(ValueError, match=rf"(?s)GB-E060.*a\.jsonl, line {number}: .*{message}"):
        list(read_concepts(path))


def test_no_concept_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E080.*a\.jsonl"):
        list(read_concepts(write(tmp_path / "a.jsonl", "\n")))


def test_unknown_formats_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E050.*missing"):
        read_concepts(tmp_path / "missing.jsonl")
    path = write(tmp_path / "a.doc", "x")
    with pytest.raises(ValueError, match=r"GB-E081.*jsonl, csv, obo"):
        read_concepts(path)
    with pytest.raises(ValueError, match=r"GB-E081.*'docx'"):
        read_concepts(path, "docx")


def test_a_table_is_read(tmp_path: Path) -> None:
    text = 'id,name,aliases,types,definition\nD:1,"Asthma, bronchial",asthma| wheeze,disease,\n'
    expected = [Concept("D:1", "Asthma, bronchial", ["asthma", "wheeze"], ["disease"])]
    assert list(read_concepts(write(tmp_path / "a.csv", text))) == expected
    tabs = "id\tname\nD:1\tAsthma, bronchial\n"
    assert list(read_concepts(write(tmp_path / "a.tsv", tabs))) == [
        Concept("D:1", "Asthma, bronchial", [], [])
    ]


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("code,name\nD:1,x\n", 1, "no column id"),
        ("id,name\nD:1,x\nD:2\n", 3, "fewer cells"),
        ("id,name\nD:1,x,y\n", 2, "more or fewer cells"),
        ('id,name\nD:1,"x\n', 2, "unexpected end of data"),
        ("id,name\nD:1,\n", 2, "empty name"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, text: str, number: int, message: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.csv, line {number}: .*{message}"):
        list(read_concepts(path))
