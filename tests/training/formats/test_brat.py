"""BRAT: characters kept, fragments as one span, every file read or named."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.table import read_format

BRAT = "T1\tDrug 0 7\tAspirin\n"
DISCONTINUOUS = r"GB-W162\].* 1 discontinuous entity was"
pytestmark = pytest.mark.filterwarnings("error")


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str, annotations: str) -> AnnotatedText:
    """The document of a folder in which there is one."""
    write(folder / "note.txt", text)
    write(folder / "note.ann", annotations)
    (document,) = read_format(folder, "brat")
    return document


def test_windows_line_ends_count_and_a_discontinuous_entity_is_covered(tmp_path: Path) -> None:
    annotations = BRAT + "T2\tSymptom 16 20;24 27\tpain leg\n"
    with pytest.warns(UserWarning, match=DISCONTINUOUS):
        text = read(tmp_path, "Aspirin\r\nhelps\r\npain in leg.", annotations)
    assert [(text.text[a:b], label) for a, b, label in text.spans] == [
        ("Aspirin", "Drug"),
        ("pain in leg", "Symptom"),
    ]


@pytest.mark.parametrize(
    ("where", "mention"),
    [
        ("23 31;0 7", "contents gastric"),
        ("0 7;23 31", "gastric contents"),
        ("23 31;0 7", "gastric contents"),
        ("0 7;23 31;12 22", "gastric contents intestinal"),
    ],
)
def test_fragments_in_any_order_are_one_span(tmp_path: Path, where: str, mention: str) -> None:
    with pytest.warns(UserWarning, match=DISCONTINUOUS):
        text = read(
            tmp_path, "gastric and intestinal contents", f"T1\tAnatomy {where}\t{mention}\n"
        )
    assert text.spans == [(0, 31, "Anatomy")]


def test_an_entity_over_two_lines_is_not_discontinuous(tmp_path: Path) -> None:
    text = read(tmp_path, "renal\nfailure", "T1\tDisease 0 5;6 13\trenal failure\n")
    assert text.spans == [(0, 13, "Disease")]


@pytest.mark.parametrize("start", [0, 1])
def test_a_mark_may_count_as_a_character_or_not(tmp_path: Path, start: int) -> None:
    annotations = f"\ufeffT1\tDrug {start} {start + 7}\tAspirin\n"
    text = read(tmp_path, "\ufeffAspirin works", annotations)
    assert (text.text, text.spans) == ("Aspirin works", [(0, 7, "Drug")])


def test_white_space_at_an_end_is_left_out_and_counted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"GB-W161\].* of 1 entity was"):
        text = read(tmp_path, "Aspirin works", "T1\tDrug 0 8\tAspirin \n")
    assert text.spans == [(0, 7, "Drug")]


def test_attributes_notes_and_broken_relations_are_counted(tmp_path: Path) -> None:
    others = "R1\tTreats Arg1:T1\nE1\tX\nA1\tNegated T1\nM1\tX T1\n"
    others += "N1\tUnknown T1 D:1\tAspirin\n#1\tAnnotatorNotes T1\tscore 1\n*\tEquiv T1 T1\n\n"
    with pytest.warns(UserWarning, match=r"GB-W163\].* 7 lines or records hold"):
        text = read(tmp_path, "Aspirin", BRAT + others)
    assert text.spans == [(0, 7, "Drug")]


def test_endings_in_any_case_and_other_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("a.txt", "more/B.TXT", "C.Txt"):
        write(tmp_path / name, "Aspirin")
    for name in ("a.ann", "more/B.ann", "C.ANN"):
        write(tmp_path / name, BRAT)
    for name in ("annotation.conf", ".hidden.txt", "d.csv", "E.CSV", "f.json"):
        write(tmp_path / name, "")
    with pytest.warns(UserWarning, match="GB-W160") as warned:
        texts = list(read_format(tmp_path, "brat"))
    assert [text.name for text in texts] == ["C", "a", "more/B"]
    assert all(text.spans == [(0, 7, "Drug")] for text in texts)
    (message,) = (str(warning.message) for warning in warned)
    assert "[GB-W160] 3 files" in message
    assert "2 .csv (E.CSV, d.csv); 1 .json (f.json)" in message


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("T1\tDrug zero 7\tAspirin", "cannot read"),
        ("T1\tDrug 0 7", "cannot read"),
        ("T1\tDrug 0 7;9\tAspirin", "cannot read"),
        ("T1 Drug 0 7 Aspirin", "cannot read"),
        ("T1\tDrug 7 0\tAspirin", "7..0 is outside"),
        ("T1\tDrug 0 99\tAspirin", "0..99 is outside"),
        ("T1\tDrug 0 7\tAspirins", "where 'Aspirins' is marked"),
        ("T1\tDrug 0 3;4 7\tAsp ri", "'Asp rin' where 'Asp ri' is marked"),
        (" T1\tDrug 0 7\tAspirin", "an entity is"),
        ("t1\tDrug 0 7\tAspirin", "an entity is"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"E060.*note\.ann, line 2.*({complaint})"):
        read(tmp_path, "Aspirin works", f"\n{line}\n")


@pytest.mark.parametrize(("alone", "missing"), [("a.txt", r"a\.ann"), ("b.ANN", r"b\.txt")])
def test_a_file_without_its_other_half_is_named(tmp_path: Path, alone: str, missing: str) -> None:
    write(tmp_path / alone, "")
    with pytest.raises(ValueError, match=rf"E207.*{re.escape(alone)} has no {missing}"):
        read_format(tmp_path, "brat")


@pytest.mark.parametrize("name", ["note.txt", "note.ann"])
def test_another_encoding_is_named_with_the_line(tmp_path: Path, name: str) -> None:
    write(tmp_path / "note.txt", "Aspirin")
    write(tmp_path / "note.ann", BRAT)
    (tmp_path / name).write_bytes("\nMénière".encode("cp1252"))
    with pytest.raises(ValueError, match=rf"E160.*{name}, line 2.*'Ménière'"):
        read_format(tmp_path, "brat")


def test_normalisations_are_concepts(tmp_path: Path) -> None:
    concepts = "N1\tReference T1 MESH:D001241\tAspirin\nN2\tReference T1 KB:7\tASA\n"
    text = read(tmp_path, "Aspirin works", BRAT + "T2\tVerb 8 13\tworks\n" + concepts)
    assert text.concepts == [(0, 7, "Drug", "MESH:D001241,7")]


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_an_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    files = {
        "a%20b.txt": b"Aspirin",
        "a%20b.ann": BRAT.encode(),
        "more/B.TXT": b"\xef\xbb\xbfAspirin",
    }
    files |= {
        "more/B.ann": BRAT.encode(),
        "annotation.conf": b"",
        "x.pdf": b"",
        "__MACOSX/._a.ann": b"",
    }
    path = pack(tmp_path / "collection.zip", files)
    with pytest.warns(
        UserWarning, match=r"GB-W160\] 1 file or folder was not read: 1 \.pdf \(x\.pdf\)"
    ):
        texts = list(read_format(path))
    assert [(text.name, text.text) for text in texts] == [("a b", "Aspirin"), ("more/B", "Aspirin")]
    assert all(text.spans == [(0, 7, "Drug")] for text in texts)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"a.txt": b"Aspirin"}, r"E207.*x\.brat\.zip/a\.txt has no a\.ann"),
        ({"a.txt": b"Aspirin", "a.ann": b"T1"}, r"E060.*x\.brat\.zip/a\.ann, line 1.*cannot read"),
        ({"a.txt": b"\nM\xe9ni\xe8re", "a.ann": b""}, r"E160.*zip/a\.txt, line 2.*'Ménière'"),
        ({"annotation.conf": b""}, "E062"),
    ],
)
def test_what_is_wrong_in_an_archive_is_named(
    files: dict[str, bytes], complaint: str, tmp_path: Path
) -> None:
    path = pack(tmp_path / "x.brat.zip", files)
    with pytest.raises(ValueError, match=complaint):
        read_format(path, "brat")


def test_a_file_alone_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"E206.*note\.ann.*not a zip file"):
        read_format(write(tmp_path / "note.ann", BRAT), "brat")


def test_cases_that_people_have(shared: Path) -> None:
    with pytest.warns(UserWarning, match=DISCONTINUOUS):
        (text,) = read_format(shared / "cases" / "brat_fragments_reversed", "brat")
    assert text.spans == [(0, 31, "Anatomy")]
    texts = list(read_format(shared / "cases" / "brat_upper", "brat"))
    assert [(text.name, text.spans) for text in texts] == [
        ("B", [(0, 5, "Symptom")]),
        ("a", [(0, 5, "Symptom")]),
    ]


def test_documents_of_the_same_name_in_several_folders_differ(tmp_path: Path) -> None:
    files = {f"{part}/1.{end}": b"" for part in ("train", "dev") for end in ("txt", "ann")}
    texts = list(read_format(pack(tmp_path / "z.brat.zip", files)))
    assert [text.name for text in texts] == ["dev/1", "train/1"]
