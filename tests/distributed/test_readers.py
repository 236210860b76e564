import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.distributed.readers import Position, read_file
from spacy_gliner_biomed.distributed.records import Item
from tests.distributed.test_pubmed import citation, pubmed


def read(path: Path) -> list[Item]:
    return list(read_file(path, path.name, Position()))


def problems(items: list[Item]) -> list[tuple[str, str]]:
    """Id and kind of what is not annotated."""
    return [(item.id, item.problem.kind) for item in items if item.problem is not None]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_lines_keep_ids_and_other_keys(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    lines = '{"id": 7, "text": "a\u2028é", "ward": {"x": [1]}}\n\n{"text": ""}\n'.encode()
    path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    position = Position()
    first, second = read_file(path, name, position)
    assert (first.id, first.content) == ("7", "a\u2028é")
    assert json.loads(first.meta) == {"ward": {"x": [1]}}
    assert (second.id, second.content, second.meta) == (f"{name}:3", "", "")
    assert position.bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        (b'{"id": "x", "text": "unfinished', "broken", "no JSON: Unterminated string"),
        (b'["text"]', "broken", "found list instead of an object"),
        (b'{"id": "x", "text": "\xe9"}', "not_utf8", "can't decode byte"),
        (b'{"id": "x", "text": "\\ud800"}', "not_utf8", "half of a surrogate pair"),
        (b'{"id": "\\ud800", "text": "fine"}', "not_utf8", "half of a surrogate pair"),
        (b'{"id": "x"}', "missing_text", "there is no 'text'"),
        (b'{"id": "x", "text": null}', "missing_text", "there is no 'text'"),
        (b'{"id": "x", "text": 3}', "missing_text", "'text' is int"),
    ],
)
def test_broken_line_is_a_record_with_a_problem_and_the_rest_is_read(
    tmp_path: Path, line: bytes, kind: str, reason: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "one"}\n' + line + b'\n{"text": "three"}\n')
    one, bad, three = read(path)
    assert (one.content, bad.content, three.content) == ("one", "", "three")
    assert bad.problem is not None
    assert (bad.id, bad.source) == ("x" if kind == "missing_text" else "a.jsonl:2", "a.jsonl:2")
    assert bad.problem.kind == kind
    assert reason in bad.problem.reason


def test_further_keys_with_half_a_character_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one", "note": "\\ud800"}\n')
    [item] = read(path)
    assert item.problem is None
    assert item.meta.encode("utf8") == b'{"note": "\\ud800"}'


def test_text_file_is_one_document_with_its_characters_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbfline one\r\nNa\xc3\xafve\r")
    assert read(path) == [Item("note.txt", "note.txt", "line one\r\nNaïve\r")]
    path.write_bytes("Naïve".encode("latin-1"))
    assert problems(read(path)) == [("note.txt", "not_utf8")]


def test_docbin_keeps_its_docs(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    docs = [nlp("one"), nlp("two")]
    docs[0].user_data.update(id="first", meta={"ward": "x"})
    docs[0].ents = [docs[0].char_span(0, 3, label="NUMBER")]  # type: ignore[list-item]
    path = tmp_path / "docs.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    first, second = read(path)
    assert (first.id, second.id) == ("first", "docs.spacy:2")
    assert json.loads(first.meta) == {"ward": "x"}
    assert isinstance(first.content, bytes)
    doc = Doc(Vocab()).from_bytes(first.content)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("one", "NUMBER")]


def broken_files() -> list[tuple[str, bytes, int]]:
    """Name, content, and records that can be read before it breaks."""
    lines = gzip.compress(b'{"text": "one"}\n' * 5000, compresslevel=0)
    return [
        ("cut.jsonl.gz", lines[:-6000], 4500),
        ("no.jsonl.gz", b"no gzip", 0),
        ("cut.xml", pubmed(citation(1, "One."), "<PubmedArticle>")[:-30], 1),
        ("no.xml", b"no XML", 0),
        ("no.spacy", b"no DocBin", 0),
    ]


@pytest.mark.parametrize(("name", "content", "n"), broken_files())
def test_file_that_breaks_is_read_up_to_there_and_reported(
    tmp_path: Path, name: str, content: bytes, n: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    items = read(path)
    assert problems(items) == [(f"{name}:broken", "broken")]
    assert items[-1].problem is not None
    assert n <= len(items) - 1 < n + 500
    assert f"after record {len(items) - 1}" in items[-1].problem.reason


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)


def test_parquet_rows_keep_ids_and_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(
        path,
        [
            {"id": 1, "text": "one", "year": 1999},
            {"id": 2, "text": None, "year": 2000},
            {"id": None, "text": "three", "year": None},
        ],
    )
    position = Position()
    one, two, three = read_file(path, "a.parquet", position)
    assert (one.id, one.content, json.loads(one.meta)) == ("1", "one", {"year": 1999})
    assert problems([two]) == [("2", "missing_text")]
    assert (three.id, three.content, three.meta) == ("a.parquet:3", "three", "")
    assert position.bytes == path.stat().st_size


def test_parquet_that_is_broken_or_has_no_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [{"id": 1, "body": "one"}])
    [item] = read(path)
    assert item.problem is not None
    assert "no column 'text'; found: body, id" in item.problem.reason
    path.write_bytes(path.read_bytes()[:-5])
    assert problems(read(path)) == [("a.parquet:broken", "broken")]
