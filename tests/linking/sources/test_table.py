import warnings
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts
from tests.linking.sources.test_formats import write


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
        ("", 1, "no column id and name"),
        ("id,name,ID\nD:1,x,y\n", 1, "the column id more than once"),
        ("id,name\nD:1,x\nD:2\n", 3, "1 cells, and the header 2"),
        ("id,name\nD:1,x,y\n", 2, "3 cells, and the header 2"),
        ('id,name\nD:1,"x\n', 2, "unexpected end of data"),
        ("id,name\nD:1,\n", 2, "empty name"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, text: str, number: int, message: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.csv, line {number}: .*{message}"):
        list(read_concepts(path))


def test_headers_may_be_in_any_case_and_have_spaces(tmp_path: Path) -> None:
    text = "ID, Name ,ALIASES\nD:1,Gout,podagra\n"
    (concept,) = read_concepts(write(tmp_path / "a.csv", text))
    assert concept == Concept("D:1", "Gout", ["podagra"], [])


def test_names_have_no_white_space_at_their_ends(tmp_path: Path) -> None:
    (concept,) = read_concepts(write(tmp_path / "a.csv", "id,name,aliases\nX:1, aspirin , ASA\n"))
    assert concept == Concept("X:1", "aspirin", ["ASA"], [])


def test_values_of_unknown_columns_are_counted_with_the_name_that_was_meant(tmp_path: Path) -> None:
    text = "id,name,Synonyms,typ,note,empty\nX:1,aspirin,ASA,drug,x,\nX:2,gout,,,y,\n"
    found = "'synonyms' (did you mean 'aliases'?), 'typ' (did you mean 'types'?)"
    with pytest.warns(UserWarning, match="GB-W418") as caught:
        concepts = list(read_concepts(write(tmp_path / "a.csv", text)))
    assert [concept.concept_id for concept in concepts] == ["X:1", "X:2"]
    (message,) = (str(each.message) for each in caught)
    assert message.startswith(f"[GB-W418] In {tmp_path / 'a.csv'}, 4 values were not read")
    assert f"'note', {found}. Known are id, name, aliases, types, definition." in message


def test_blank_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,name\n\nD:1,Gout\n , \n,\nD:2,Asthma\n\n")
    with pytest.warns(UserWarning, match=r"GB-W150\] In .*a\.csv, 4 blank rows were") as caught:
        concepts = list(read_concepts(path))
    assert [concept.concept_id for concept in concepts] == ["D:1", "D:2"]
    assert [Path(each.filename).name for each in caught] == [Path(__file__).name]


@pytest.mark.parametrize(("name", "n_blank"), [("bom", 0), ("upper", 0), ("blankrow", 1)])
def test_tables_of_people_are_read(shared: Path, name: str, n_blank: int) -> None:
    path = shared / "cases" / "kb" / f"{name}.csv"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        concepts = list(read_concepts(path))
    assert concepts[0] == Concept(
        "X:1", "Multiple myeloma", ["MM", "plasma cell myeloma"], ["disease"]
    )
    assert len(concepts) >= 4
    assert len(caught) == n_blank


EXCEL = "id;name;aliases;types\nD:1;Gout, acute;podagra|Gichtanfall;disease\n"
GOUT = Concept("D:1", "Gout, acute", ["podagra", "Gichtanfall"], ["disease"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"\xef\xbb\xbf" + EXCEL.replace("\n", "\r\n").encode()),  # as Excel writes it
        ("a.csv", EXCEL.replace(";", "\t").encode()),
        ("a.tab", EXCEL.replace(";", "\t").encode()),
    ],
)
def test_tables_with_semicolons_and_tabs_are_read(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert list(read_concepts(path, "csv")) == [GOUT]


def table(tmp_path: Path, *cells: tuple[str, str]) -> Path:
    """A table of aliases and types."""
    rows = [f'D:{i},name {i},"{aliases}","{types}"' for i, (aliases, types) in enumerate(cells)]
    return write(tmp_path / "a.csv", "\n".join(["id,name,aliases,types", *rows]))


@pytest.mark.parametrize(
    ("cells", "n", "example"),
    [
        ([("PLX4032, Zelboraf", "drug"), ("Tafinlar; GSK2118436", "drug")], "2 cells", "PLX4032, "),
        ([("Tafinlar;GSK2118436", ""), ("one", "")], "1 cell", "Tafinlar;GSK2118436"),
        ([("PLX4032\nZelboraf", "")], "1 cell", "PLX4032 Zelboraf"),
        ([("one", "drug; chemical")], "1 cell", "drug; chemical"),
        ([("a|b", ""), ("ASA; acetylsalicylic acid", "")], "1 cell", "ASA; acetylsalicylic acid"),
    ],
)
def test_other_separators_are_said_once_for_a_file(
    tmp_path: Path, cells: list[tuple[str, str]], n: str, example: str
) -> None:
    path = table(tmp_path, *cells)
    expected = (
        rf"GB-W405\] In .*a\.csv, {n} of aliases .*such as '{example}.*Separate the names with"
    )
    with pytest.warns(UserWarning, match=expected) as caught:
        concepts = list(read_concepts(path))
    assert len(caught) == 1
    assert [list(concept.aliases) for concept in concepts] == [
        aliases.split("|") if aliases else [] for aliases, _ in cells
    ]


@pytest.mark.parametrize(
    "cells",
    [
        [("Tumor, Breast|lump", ""), ("Tumor, Renal", "")],  # the separator is known
        [("1,2-dichlorobenzene", "Behavior, Mechanisms"), ("", "")],
    ],
)
def test_names_with_commas_are_no_reason_to_warn(
    tmp_path: Path, cells: list[tuple[str, str]]
) -> None:
    assert len(list(read_concepts(table(tmp_path, *cells)))) == 2
