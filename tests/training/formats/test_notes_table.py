"""CSV and TSV of notes."""

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.common import files
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.notes_table import read_notes
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.record_checks import BLANK_ROWS, Counts


def read(path: Path, content: str, **options: Any) -> tuple[list[AnnotatedText], Counts]:
    path.write_bytes(content.encode())
    counts = Counts()
    return list(read_notes(path, ReadOptions(**options), counts)), counts


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_texts_ids_and_other_columns(tmp_path: Path, separator: str) -> None:
    rows = [["Text", "ward", "ID"], ['"a ""b"",;\t\r\nc"', "x", " 7 "], ["", "", ""], ["d", "", ""]]
    content = "\ufeff" + "".join(separator.join(row) + "\r\n" for row in rows) + "\r\n"
    [first, second], counts = read(tmp_path / "a.csv", content)
    assert (first.text, first.name, first.meta) == ('a "b",;\t\r\nc', "7", {"ward": "x"})
    assert (second.text, second.name, second.meta) == ("d", "", {"ward": ""})
    assert counts[BLANK_ROWS] == 2


def test_columns_can_be_named(tmp_path: Path) -> None:
    content = "note\tid\tnr\nZinc, iron\tx\t1\n"
    [text], _ = read(tmp_path / "a.tsv", content, text_column="Note", id_column="nr")
    assert (text.text, text.name, text.meta) == ("Zinc, iron", "1", {"id_column": "x"})
    for options in ({}, {"text_column": "body"}, {"text_column": "note", "id_column": "no"}):
        with pytest.raises(ValueError, match=r"GB-E204.*a\.tsv.*: id, note, nr\."):
            read(tmp_path / "a.tsv", content, **options)


def test_no_column_replaces_another_one(tmp_path: Path) -> None:
    header = ["text", "note", "note", "note_2", "id", "text_column", "entities", "", ""]
    content = ",".join(header) + "\n" + ",".join("abcdefghi") + "\n"
    [text], _ = read(tmp_path / "a.csv", content, text_column="note", id_column="note_2")
    assert (text.text, text.name) == ("b", "d")
    assert list(text.meta.items()) == [
        ("text_column_2", "a"),
        ("note_3", "c"),
        ("id_column", "e"),
        ("text_column", "f"),
        ("entities_column", "g"),
        ("", "h"),
        ("_2", "i"),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("text,id\na,b,c\n", "line 2: found 3 columns instead of 2; .* quotes"),
        ('text\n"a\nb\n', "line 2: unexpected end of data. Check the quotes"),
        ('text\n"a"b\n', "line 2: .* Check the quotes"),
        ("", "no column 'text'.*: none"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"GB-E.*a\.csv.*{complaint}|{complaint}"):
        read(tmp_path / "a.csv", content)


def test_a_long_note_is_read(tmp_path: Path) -> None:
    [text], _ = read(tmp_path / "a.csv", f"text\n{'x' * 200_000}\n")
    assert len(text.text) == 200_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(st.text('ab,;\t\n\r" é', min_size=1), st.text("xy"))))
def test_what_python_writes_comes_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:

    with (tmp_path / "a.csv").open("w", newline="", encoding="utf8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "ward"), *rows])
    counts = Counts()
    found = list(read_notes(tmp_path / "a.csv", ReadOptions(), counts))
    kept = [row for row in rows if any(field.strip() for field in row)]
    assert [(text.text, text.meta["ward"]) for text in found] == kept
    assert counts[BLANK_ROWS] == len(rows) - len(kept)


def test_a_small_file_cannot_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    path = tmp_path / "a.csv.gz"
    line, field = "x" * 1001, '"' + "x\n" * 501
    for content, complaint in ((line, "GB-E398.*line 2 has more"), (field, "larger than field")):
        path.write_bytes(gzip.compress(f"text\n{content}".encode()))
        with pytest.raises(ValueError, match=rf"GB-E060.*a\.csv\.gz, line 2: .*{complaint}"):
            list(read_notes(path, ReadOptions(), Counts()))
