from pathlib import Path

import pytest

from spacy_gliner_biomed.common.delimiters import delimiter_of


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("a.csv", "id,name\n", ","),
        ("a.csv", "id;name;aliases, all\n", ";"),
        ("a.txt", "id\tname\n", "\t"),
        ("a.TSV.gz", "id;name;types\n", "\t"),
        ("a.csv", "name\n", ","),
    ],
)
def test_a_table_tells_how_its_cells_are_separated(name: str, header: str, expected: str) -> None:
    assert delimiter_of(Path(name), header) == expected
