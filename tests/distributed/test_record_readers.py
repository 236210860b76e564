import codecs
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.common import files
from spacy_gliner_biomed.common.counted_stream import Position
from spacy_gliner_biomed.distributed import record_readers
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.record_readers import read_file
from spacy_gliner_biomed.distributed.records import LINE, CorpusRecord
from spacy_gliner_biomed.training.formats.options import ReadOptions
from tests.distributed.test_pubmed import citation, pubmed


def read(path: Path) -> list[CorpusRecord]:
    return list(read_file(path, path.name, Position()))


def problems(records: list[CorpusRecord]) -> list[tuple[str, str]]:
    """Id and kind of what is not annotated."""
    return [(record.id, record.problem.kind) for record in records if record.problem is not None]


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


def deep(levels: int) -> bytes:
    """A line whose further key is a list in a list, and so on."""
    return b'{"text": "a", "x": ' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        (b'{"id": "x", "text": "unfinished', "broken", "not valid JSON: Unterminated string"),
        (b'["text"]', "broken", "found list instead of an object"),
        (b'{"id": "x", "text": "\xe9"}', "not_utf8", "byte 0xe9"),
        (b'{"id": "x", "text": "\\ud800"}', "not_utf8", "half of a surrogate pair"),
        (b'{"id": "\\ud800", "text": "fine"}', "not_utf8", "half of a surrogate pair"),
        (b'{"id": "x"}', "missing_text", "there is no 'text'"),
        (b'{"id": "x", "text": null}', "missing_text", "there is no 'text'"),
        (b'{"id": "x", "text": 3}', "missing_text", "'text' is int"),
        (deep(90_000), "broken", "nested deeper"),
        (deep(990), "broken", "nested deeper"),
        (deep(120), "broken", "nested deeper"),
        (b'{"text": "a", "n": ' + b"1" * 5000 + b"}", "broken", "integer string"),
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
    [record] = read(path)
    assert record.problem is None
    assert record.meta.encode("utf8") == b'{"note": "\\ud800"}'


def test_text_file_is_one_document_with_its_characters_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbfline one\r\nNa\xc3\xafve\r")
    assert read(path) == [CorpusRecord("note.txt", "note.txt", "line one\r\nNaïve\r")]
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


@pytest.mark.parametrize("name", ["a.jsonl", "A.JSONL.GZ", "a.Txt"])
def test_byte_order_mark_and_ending_in_any_case_do_no_harm(tmp_path: Path, name: str) -> None:
    content = b"one" if name == "a.Txt" else b'{"text": "one"}\n\n'
    content = codecs.BOM_UTF8 + content
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("GZ") else content)
    [record] = read(path)
    assert (record.content, record.problem) == ("one", None)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.txt"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_file_in_utf16_is_one_row_with_a_hint(tmp_path: Path, name: str, encoding: str) -> None:
    text = '{"text": "one"}\n{"text": "two"}\n'
    content = codecs.BOM_UTF16_BE + text.encode(encoding)
    content = content if encoding == "utf-16-be" else text.encode(encoding)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    [record] = read(path)
    assert record.problem is not None
    assert record.problem.kind == "not_utf8"
    assert "iconv -f UTF-16" in record.problem.reason


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "a.spacy"])
def test_file_without_a_record_is_a_row(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        write_parquet(path, [], columns={"text": "string"})
    elif name == "a.spacy":
        DocBin().to_disk(path)
    else:
        path.write_bytes(gzip.compress(b"\n") if name.endswith("gz") else codecs.BOM_UTF8)
    assert problems(read(path)) == [(f"{name}:empty", "no_records")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_line_that_no_memory_holds_is_a_row_and_the_next_is_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_readers, "MAX_LINE", 100)
    lines = [b'{"text": "%s"}' % (b"x" * (n - 12)) for n in (99, 101, 102, 450, 20)]
    for ending in (b"\n", b""):
        content = b"\n".join(lines) + ending
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        records = read(path)
        assert [len(record.content) for record in records] == [87, 0, 0, 0, 8]
        assert problems(records) == [(f"{name}:{i}", "too_large") for i in (2, 3, 4)]


def test_a_text_that_no_memory_holds_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    for name, content in (
        ("a.txt.gz", b"x" * 1001),
        ("a.pubtator.gz", b"1|t|" + b"x" * 1001),
        ("a.json.gz", b'[{"text": "%s"}]' % (b"x" * 200_000)),
    ):
        (tmp_path / name).write_bytes(gzip.compress(content))
        [record] = read(tmp_path / name)
        assert record.problem is not None
        assert (record.content, record.problem.kind) == ("", "too_large"), record.problem
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one")[:-4])
    assert problems(read(tmp_path / "a.txt.gz")) == [("a.txt.gz", "broken")]


def test_reasons_are_one_line_and_quote_little(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [{f"column\n{i}" * 99: i for i in range(99)}])
    [record] = read(path)
    assert record.problem is not None
    assert len(record.problem.reason) <= LINE
    assert "\n" not in record.problem.reason
    assert "and 94 more" in record.problem.reason or record.problem.reason.endswith("...")


def broken_files() -> list[tuple[str, bytes, int]]:
    """Name, content, and records that can be read before it breaks."""
    lines = gzip.compress(b'{"text": "one"}\n' * 5000, compresslevel=0)
    return [
        ("cut.jsonl.gz", lines[:-6000], 4500),
        ("no.jsonl.gz", b"no gzip", 0),
        ("cut.xml", pubmed(citation(1, "One."), "<PubmedArticle>")[:-30], 1),
        ("no.xml", b"no XML", 0),
        ("odd.xml", b'<?xml version="1.0" encoding="x-none"?><PubmedArticleSet/>', 0),
        ("multi.xml", b'<?xml version="1.0" encoding="gb18030"?><PubmedArticleSet/>', 0),
        ("list.xml", pubmed(citation(1, "One."), "<DeleteCitation><PMID>2<"), 1),
        ("no.parquet", b"PAR1 no Parquet PAR1", 0),
        ("empty.parquet", b"", 0),
        ("empty.xml", b"", 0),
        ("empty.spacy", b"", 0),
        ("no.spacy", b"no DocBin", 0),
    ]


@pytest.mark.parametrize(("name", "content", "n"), broken_files())
def test_file_that_breaks_is_read_up_to_there_and_reported(
    tmp_path: Path, name: str, content: bytes, n: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    records = read(path)
    assert problems(records) == [(f"{name}:broken", "broken")]
    assert records[-1].problem is not None
    assert n <= len(records) - 1 < n + 500
    assert f"after record {len(records) - 1}" in records[-1].problem.reason


def write_parquet(
    path: Path, rows: list[dict[str, Any]], columns: dict[str, str] | None = None
) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    parquet = pytest.importorskip("pyarrow.parquet")
    schema = pyarrow.schema(list(columns.items())) if columns else None
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    parquet.write_table(table, path, row_group_size=2)


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
    [record] = read(path)
    assert record.problem is not None
    assert "no column 'text'; found: body, id" in record.problem.reason
    path.write_bytes(path.read_bytes()[:-5])
    assert problems(read(path)) == [("a.parquet:broken", "broken")]


def test_damaged_values_of_parquet_are_rows_and_the_others_are_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    parquet = pytest.importorskip("pyarrow.parquet")
    offsets, letters = pyarrow.array([0, 1, 2, 3], "int32"), b"a\xffc"
    buffers = [None, offsets.buffers()[1], pyarrow.py_buffer(letters)]
    text = pyarrow.Array.from_buffers(pyarrow.string(), 3, buffers)
    days = pyarrow.array([0, 0, 2**31 - 1], "int32").view("date32")
    table = pyarrow.table({"id": ["x", "y", "z"], "text": text, "day": days})
    parquet.write_table(table, tmp_path / "a.parquet")
    good, letter, day = read(tmp_path / "a.parquet")
    assert (good.id, good.content) == ("x", "a")
    assert problems([letter, day]) == [("a.parquet:2", "broken"), ("a.parquet:3", "broken")]
    assert letter.problem is not None
    assert letter.problem.reason.startswith("UnicodeDecodeError: 'utf-8' codec can't decode")


def test_rows_that_a_parquet_file_lacks_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [{"text": str(i)} for i in range(5)])
    parquet = pytest.importorskip("pyarrow.parquet")
    whole = parquet.ParquetFile.iter_batches

    def lose_the_last(self: Any, **options: Any) -> Any:
        return list(whole(self, **options))[:-1]

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", lose_the_last)
    assert problems(read(path)) == [("a.parquet:broken", "broken")]


def test_docbin_without_one_of_its_strings_is_read_up_to_there(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    path = tmp_path / "a.spacy"
    content = DocBin(docs=[nlp("one"), nlp("two"), nlp("three")]).to_bytes()
    values = srsly.msgpack_loads(zlib.decompress(content))
    values["strings"].remove("two")
    path.write_bytes(zlib.compress(srsly.msgpack_dumps(values)))
    one, *rest = read(path)
    assert (one.id, one.problem) == ("a.spacy:1", None)
    assert [kind for _, kind in problems(rest)]
    assert {kind for _, kind in problems(rest)} == {"broken"}


OTHER_FORMATS = {
    "bioc.xml": "<collection><document><id>1</id><passage><infon key='type'>title</infon>"
    "<offset>0</offset><text>Zinc.</text></passage></document></collection>",
    "jats.xml": "<article><front><article-meta><article-id pub-id-type='pmid'>1</article-id>"
    "<title-group><article-title>Zinc.</article-title></title-group></article-meta></front>"
    "</article>",
    "notes.csv": "id,text,ward\n1,Zinc.,x\n",
    "a.pubtator": "1|t|Zinc.\n",
    "a.conll": "# newdoc id = 1\nZinc. B-drug\n",
    "a.json": '[{"id": 1, "text": "Zinc.", "spans": []}]',
    "lines.jsonl.gz": '{"id": 1, "text": "Zinc.", "label": []}\n',
}


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_other_formats_are_records_with_their_own_ids(tmp_path: Path, name: str) -> None:
    content = OTHER_FORMATS[name].encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    [record] = read(tmp_path / name)
    assert (record.id, record.content, record.problem) == ("1", "Zinc.", None)
    assert not record.is_citation
    if name in ("bioc.xml", "jats.xml"):
        passage = {"start": 0, "end": 5, "infons": {"type": "title"}}
        assert json.loads(record.meta) == {"passages": [passage]}


def test_place_in_an_array_counts_broken_records_and_is_not_that_of_this_machine(
    tmp_path: Path,
) -> None:
    rows = [{"text": 5}, {"text": "one"}, {"id": "x", "text": "two"}, "none", {"text": "three"}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    good = [record for record in read(tmp_path / "a.json") if record.problem is None]
    assert [(record.id, record.source, record.content) for record in good] == [
        ("a.json:2", "a.json:2", "one"),
        ("x", "a.json:3", "two"),
        ("a.json:5", "a.json:5", "three"),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet", "a.csv"])
def test_texts_and_ids_can_have_other_names_and_no_column_is_lost(
    tmp_path: Path, name: str
) -> None:
    row = {"nr": "7", "note": "one", "id": "i", "text": "t", "text_column": "u", "year": "1999"}
    rows, path = [row, {**row, "note": "two", "nr": "8"}], tmp_path / name
    if name == "a.parquet":
        write_parquet(path, rows)
    elif name == "a.csv":
        path.write_text("\n".join(",".join(line) for line in (row, *(r.values() for r in rows))))
    else:
        lines = [json.dumps(each) for each in rows]
        path.write_text("\n".join(lines) if name == "a.jsonl" else f"[{','.join(lines)}]")
    reading = ReadOptions(text_column="note", id_column="nr")
    records = [
        record for part in Corpus(path, reading=reading).partitions() for record in part.records
    ]
    assert [(record.id, record.content) for record in records] == [("7", "one"), ("8", "two")]
    expected = {"id_column": "i", "text_column_2": "t", "text_column": "u", "year": "1999"}
    assert [json.loads(record.meta) for record in records] == [expected] * 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet"])
def test_text_that_is_not_under_the_named_key_is_reported(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows: list[dict[str, Any]] = [{"note": "one", "nr": 7}, {"note": None, "nr": 8}]
    if name == "a.parquet":
        write_parquet(path, rows)
    else:
        lines = [json.dumps(each) for each in rows]
        path.write_text("\n".join(lines) if name == "a.jsonl" else f"[{','.join(lines)}]")
    one, two = read_file(path, name, Position(), ReadOptions(text_column="note", id_column="nr"))
    assert one.problem is None
    assert two.problem is not None
    assert (two.id, two.problem.reason) == ("8", "there is no 'note'")
    if name == "a.parquet":
        [record] = read_file(path, name, Position(), ReadOptions(text_column="note", id_column="x"))
        assert record.problem is not None
        assert "no column 'x'; found: note, nr" in record.problem.reason


def test_further_keys_named_text_or_id_are_kept(tmp_path: Path) -> None:
    doc = spacy.blank("en")("one")
    doc.user_data.update(id="first", meta={"id": 5, "text": "other"})
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    [record] = read(tmp_path / "a.spacy")
    assert record.id == "first"
    assert json.loads(record.meta) == {"id_column": 5, "text_column": "other"}


def test_what_is_broken_in_other_formats_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"text": "Zinc"}, {"text": 3}, {"text": "Iron"}, oops]')
    records = read(tmp_path / "a.json")
    assert [record.content for record in records] == ["Zinc", "", "Iron", ""]
    assert problems(records) == [("a.json:2", "missing_text"), ("a.json:broken", "broken")]
    (tmp_path / "b.csv").write_bytes("text\nNaïve\n".encode("cp1252"))
    assert [kind for _, kind in problems(read(tmp_path / "b.csv"))] == ["not_utf8"]
    [record] = read_file(tmp_path / "b.csv", "b.csv", Position(), ReadOptions("cp1252"))
    assert record.content == "Naïve"
    (tmp_path / "c.json").write_text("[]")
    assert [kind for _, kind in problems(read(tmp_path / "c.json"))] == ["broken"]
