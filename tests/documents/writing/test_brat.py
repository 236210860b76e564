"""BRAT as our own reader, and the format's rules, take it."""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.brat import BratFiles
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import DEFAULT_SETTINGS
from spacy_gliner_biomed.training.formats.table import read_format
from tests.documents.writing.samples import NOTE, sample, write

TEXT = "Aspirin for\r\nacute\tpain in Köln\nIL-2 🙂 mice"


def make_doc(text: str = TEXT) -> Doc:
    return spacy.blank("en").make_doc(text)


def entity(text: str, label: str, concept: str | None = None, score: float | None = 0.5) -> Entity:
    start = TEXT.index(text)
    return Entity(start, start + len(text), label, score, text, concept)


ENTITIES = [
    entity("mice", "species", "NCBITaxon:10090", None),
    entity("Aspirin", "drug", "D001241"),
    entity("for\r\nacute\tpain", "sign or symptom"),
    entity("🙂", "mood"),
]


@pytest.mark.filterwarnings("ignore:.GB-W207")
def test_brat_has_a_text_and_standoff_for_each_document(tmp_path: Path) -> None:
    brat = BratFiles(DEFAULT_SETTINGS)
    files = {
        **brat.add(make_doc(), Record("7"), ENTITIES),
        **brat.add(make_doc(""), Record("empty"), []),
        **brat.configuration(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert files["7.txt"].decode() == TEXT
    assert files["7.ann"].decode().splitlines() == [
        "T1\tspecies 39 43\tmice",
        "N1\tReference T1 NCBITaxon:10090\tmice",
        "T2\tdrug 0 7\tAspirin",
        "N2\tReference T2 KB:D001241\tAspirin",
        "#2\tAnnotatorNotes T2\tscore 0.5",
        "T3\tsign_or_symptom 8 11;13 23\tfor acute pain",
        "#3\tAnnotatorNotes T3\tscore 0.5",
        "T4\tmood 37 38\t🙂",
        "#4\tAnnotatorNotes T4\tscore 0.5",
    ]
    types = files["annotation.conf"].decode().splitlines()
    assert types[:5] == ["[entities]", "drug", "mood", "sign_or_symptom", "species"]
    with pytest.warns(UserWarning, match=r"GB-W163.* 3 lines"):  # notes
        found, empty = read_format(tmp_path, "brat")
    assert (found.text, found.name) == (TEXT, "7")
    assert found.spans == [(e.start, e.end, e.label.replace(" ", "_")) for e in ENTITIES]
    assert (empty.text, empty.spans) == ("", [])


@pytest.mark.filterwarnings("ignore:.GB-W207")
def test_names_of_concepts_and_attributes_are_in_standoff_and_archive() -> None:
    with ZipFile(io.BytesIO(write("brat", sample(section_category="a\nplan")))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {"n1.txt", "n1.ann", "annotation.conf"}
    assert files["n1.txt"] == NOTE
    assert files["n1.ann"].splitlines() == [
        "T1\tdrug 0 7\tAspirin",
        "N1\tReference T1 MESH:D001241\tAspirin",
        "#1\tAnnotatorNotes T1\tscore 0.75; link score 0.9; negex false",
        "T2\tgastric_disease 16 29\tgastric ulcer",
        "#2\tAnnotatorNotes T2\tscore 0.5; negex true; section_category a plan",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b c", "a%2Fb%20c"),
        ("../x", "%2E.%2Fx"),
        (".hidden~", "%2Ehidden%7E"),
        ("é", "%C3%A9"),
        ("x" * 120, "x" * 120),
        ("CON", "%43ON"),
        ("nul.1", "%6Eul.1"),
        ("console", "console"),
        ("\ud800", "%5Cud800"),
    ],
)
def test_ids_become_safe_names_of_files(name: str, expected: str) -> None:
    files = BratFiles(DEFAULT_SETTINGS).add(make_doc(), Record(name), [])
    assert f"{expected}.txt" in files


def test_ids_that_are_long_equal_or_differ_in_case_have_names_of_their_own() -> None:
    brat, ids = BratFiles(DEFAULT_SETTINGS), ["x" * 121, "x" * 122, "a", "A", "a", "a"]
    names = [
        name
        for each in ids
        for name in brat.add(make_doc(each), Record(each), [])
        if name.endswith(".txt")
    ]
    assert len({name.casefold() for name in names}) == len(ids)
    assert max(map(len, names)) < 160


def test_labels_that_the_format_cannot_hold_are_reported_once() -> None:
    labels = ["drug", "sign or symptom", "sign or symptom", "a/b:c"]
    found = [Entity(0, 7, label, None, "Aspirin") for label in labels]
    with pytest.warns(UserWarning, match="GB-W207") as warned:
        write("brat", (make_doc(), Record("a"), found))
    (message,) = (str(warning.message) for warning in warned)
    assert "BRAT cannot hold 2 labels" in message
    assert "'a_b_c' for 'a/b:c', 'sign_or_symptom' for 'sign or symptom'" in message
