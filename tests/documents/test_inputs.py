import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_gliner_biomed.common import files
from spacy_gliner_biomed.documents.inputs import (
    OnFailure,
    Record,
    find_inputs,
    read_inputs,
)
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS, Format
from spacy_gliner_biomed.training.record_checks import Counts


def read(*paths: Path, on_failure: OnFailure | None = None) -> list[tuple[str, Record]]:
    """Texts and records of files."""
    jobs = read_inputs(paths, Vocab(), on_failure)
    return [(job.text if isinstance(job, Doc) else job, record) for job, record in jobs]


def read_all(*paths: Path) -> tuple[list[str], list[str]]:
    """Texts of files, and what could not be read."""
    failures: list[str] = []
    found = read(*paths, on_failure=lambda error: failures.append(str(error)))
    return [text for text, _ in found], failures


def test_text_file_is_one_document_with_its_characters_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbfline one\r\nNa\xc3\xafve \x0c line two\r")
    assert read(path) == [("line one\r\nNaïve \x0c line two\r", Record(path.as_posix()))]


def test_lines_keep_their_id_and_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    lines = [{"id": 7, "text": "a\u2028b", "ward": {"name": "x"}}, {"text": "", "id": None}]
    text = "\n\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\r\n"
    path.write_bytes(f"\ufeff{text}".encode())
    assert read(path) == [
        ("a\u2028b", Record(7, {"ward": {"name": "x"}})),
        ("", Record(f"{path.as_posix()}:3", {})),
    ]


def test_docbin_gives_docs_with_ids_of_their_own_or_numbers(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    docs = [nlp("one"), nlp("two")]
    docs[0].user_data.update(id="first", meta={"ward": "x"})
    path = tmp_path / "docs.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    expected = [("one", Record("first", {"ward": "x"})), ("two", Record(f"{path.as_posix()}:2"))]
    assert read(path) == expected


def test_folder_gives_its_readable_files_once_and_names_the_others(tmp_path: Path) -> None:
    for name in ("b.TXT", "a/c.jsonl", "a/d.Spacy", "e.pdf", "f.xls", ".hidden/f.txt", ".g.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.warns(UserWarning, match=r"GB-W160\] 2 .*: 1 \.pdf \(e\.pdf\); 1 \.xls \(f\.xls\)"):
        found = find_inputs([tmp_path / "b.TXT", tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "b.TXT",
        "a/c.jsonl",
        "a/d.Spacy",
    ]


def test_missing_file_and_unknown_ending_are_named(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").touch()
    with pytest.raises(ValueError, match=r"GB-E050.*nowhere\.txt"):
        find_inputs([tmp_path / "nowhere.txt"])
    with pytest.raises(ValueError, match=r"GB-E380.*scan\.pdf.*pdftotext"):
        find_inputs([tmp_path / "scan.pdf"])


def test_other_texts_are_read_if_the_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# Gout")
    with pytest.raises(ValueError, match=r"GB-E051.*'\.md', .* add --input-format text;"):
        find_inputs([path])
    options = ReadOptions(data_format="text")
    [(text, _)] = read_inputs(find_inputs([path], options), Vocab(), options=options)
    assert text == "# Gout"
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    with pytest.raises(ValueError, match=r"GB-E380.*scan\.pdf"):
        find_inputs([tmp_path / "scan.pdf"], options)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"text": "unfinished', "Unterminated string"),
        (b'["text"]', "found list instead of an object"),
        (b'{"id": 3}', "'text' is missing or not a string"),
        (b'{"text": 3}', "'text' is missing or not a string"),
        (b'{"text": "\\ud800"}', "half of a surrogate pair"),
        (b'{"text": ' + b"[" * 2000 + b"]" * 2000 + b"}", "nested deeper than 100"),
    ],
)
def test_broken_line_is_named_by_file_and_number(tmp_path: Path, line: bytes, problem: str) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(b'{"text": "fine"}\n\n' + line + b"\n")
    with pytest.raises(ValueError, match=rf"GB-E052.*notes\.jsonl, line 3: .*{problem}"):
        read(path)


def test_a_line_that_is_not_utf8_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(b'{"text": "one"}\n{"text": "Na\xefve"}\n{"text": "two"}\n')
    with pytest.raises(ValueError, match=r"GB-E160.*notes\.jsonl, line 2: .*Naïve"):
        read(path)
    texts, [failure] = read_all(path)
    assert texts == ["one", "two"]
    assert "[GB-E160]" in failure


@pytest.mark.parametrize("name", ["latin.txt", "LATIN.TXT"])
def test_text_that_is_not_utf8_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("Naïve".encode("latin-1"))
    with pytest.raises(ValueError, match=rf"GB-E160.*{name}, line 1: .*'Naïve'"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no DocBin", DocBin().to_bytes()[:-4]])
def test_broken_docbin_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "docs.spacy"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"GB-E053.*docs\.spacy.*a DocBin"):
        read(path)


def docbin_without(*strings: str) -> bytes:
    """A DocBin of two Docs in whose table of strings some are missing."""
    nlp = spacy.blank("en")
    docs = [nlp("aspirin"), nlp("zinc works")]
    docs[1].set_ents([Span(docs[1], 0, 1, "rare")])
    data = DocBin(docs=docs)
    data.strings -= set(strings)
    return data.to_bytes()


@pytest.mark.parametrize("missing", ["zinc", "rare"])
def test_a_doc_whose_strings_are_missing_is_named(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "docs.spacy"
    path.write_bytes(docbin_without(missing))
    texts, [failure] = read_all(path)
    assert texts == ["aspirin"]
    assert "[GB-E053]" in failure
    assert "docs.spacy" in failure


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    contents = {
        "a.txt": b"one",
        "b.txt": b"\xff\xfea\0",
        "c.jsonl": b'{"text": "two"}\n{"text"\n[]\n{"text": "three"}\n',
        "d.jsonl": b"\n \n",
        "e.spacy": b"no DocBin",
        "f.jsonl": '{"text": "four"}\n'.encode("utf-16"),
        "g.txt": b"",
    }
    paths = [tmp_path / name for name in (*contents, "gone.txt")]
    for path in paths[:-1]:
        path.write_bytes(contents[path.name])
    texts, failures = read_all(*paths)
    assert texts == ["one", "two", "three", ""]
    expected = [
        (r"GB-E160\] .*b\.txt, line 1: .*UTF-16"),
        (r"GB-E052\] .*c\.jsonl, line 2: Expecting"),
        (r"GB-E052\] .*c\.jsonl, line 3: found list"),
        (r"GB-E162\] There is no document in .*d\.jsonl"),
        (r"GB-E053\] .*e\.spacy cannot be read as a DocBin"),
        (r"GB-E160\] .*f\.jsonl, line 1: .*UTF-16"),
        (r"GB-E050\] .*gone\.txt"),
    ]
    assert len(failures) == len(expected)
    for failure, pattern in zip(failures, expected, strict=True):
        assert re.search(pattern, failure), failure


def test_each_file_of_a_real_folder_is_read_told_or_named(shared: Path) -> None:
    folder = shared / "cases" / "notes_mixed"
    found = find_inputs([folder])
    texts, failures = read_all(*found)
    told = " ".join([*failures, *(path.name for path in found)])
    expected = ["Asthma.\n", "Fever and cough.\n", "Asthma, mild", "Asthma."]
    assert texts[:4] == expected
    assert texts[-1] == ""
    assert [("b_cp1252.txt" in f, "e_utf16.txt" in f) for f in failures] == [(1, 0), (0, 1)]
    assert all(path.name in told for path in folder.iterdir())


def test_other_formats_give_texts_with_ids_metadata_and_passages(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id;text;ward\n7;"Asthma; mild\nfever";x\n;Gout;y\n')
    (tmp_path / "b.xml").write_text(
        "<article><front><article-meta><article-id pub-id-type='pmid'>5</article-id><title-group>"
        "<article-title>Zinc</article-title></title-group></article-meta></front></article>"
    )
    (tmp_path / "c.json").write_text('[{"id": 1, "text": "Iron", "answer": "reject"}, {"text": 3}]')
    (tmp_path / "d.jsonl").write_text('{"tokenized_text": ["Zinc", "works"], "ner": []}\n')
    (tmp_path / "meta.json").write_text('{"labels": ["drug"]}')
    with pytest.warns(UserWarning, match=r"GB-W160\] 1 .*\.json of an unknown form \(meta\.json\)"):
        files = find_inputs([tmp_path])
    failures: list[str] = []
    found = read(*files, on_failure=lambda error: failures.append(str(error)))
    passage = {"start": 0, "end": 4, "infons": {"type": "title"}}
    assert found == [
        ("Asthma; mild\nfever", Record("7", {"ward": "x"})),
        ("Gout", Record(f"{tmp_path.as_posix()}/a.csv:2", {"ward": "y"})),
        ("Zinc", Record("5", {"passages": [passage]})),
        ("Iron", Record(1, {"answer": "reject"})),
        ("Zinc works", Record(f"{tmp_path.as_posix()}/d.jsonl:1")),
    ]
    (failure,) = failures
    assert re.search(r"GB-E052\] .*c\.json, item 2: 'text' is missing", failure)


@pytest.mark.parametrize("name", ["b.csv", "b.TSV", "b.tab"])
def test_a_table_in_a_folder_without_the_column_of_texts_is_a_failure(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.txt").write_text("Gout")
    (tmp_path / name).write_text("nr\tnote\n1\tAsthma\n")
    texts, [failure] = read_all(*find_inputs([tmp_path]))
    assert texts == ["Gout"]
    assert re.search(rf"GB-E204\] .*'text' in .*{name}; .*: note, nr\. .*--text-column", failure)
    options = ReadOptions(text_column="note")
    jobs = read_inputs(find_inputs([tmp_path], options), Vocab(), options=options)
    assert [text for text, _ in jobs] == ["Gout", "Asthma"]


def test_a_named_encoding_in_a_mixed_folder_leaves_utf8_as_it_is(tmp_path: Path) -> None:
    text, bioc = "Ménière", '<?xml version="1.0" encoding="UTF-8"?><collection>é</collection>'
    (tmp_path / "a.txt").write_bytes(text.encode("cp1252"))
    (tmp_path / "b.txt").write_bytes(text.encode())
    (tmp_path / "c.jsonl").write_bytes(f'{{"text": "{text}"}}'.encode())
    (tmp_path / "d.csv").write_bytes(f"text\n{text}\n".encode())
    (tmp_path / "e.xml").write_bytes(bioc.encode())
    options = ReadOptions("cp1252")
    with pytest.warns(UserWarning, match=r"GB-W380\] 3 files were") as warned:
        files = find_inputs([tmp_path], options)
    assert len(warned) == 1
    assert len(files) == 5
    assert [found for found, _ in read_inputs(files[:4], Vocab(), options=options)] == [text] * 4


def test_encoding_columns_and_format_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.export"
    path.write_bytes("Note,Nr\r\nNaïve,1\r\n".encode("cp1252"))
    with pytest.raises(ValueError, match=r"GB-E051.*--input-format"):
        find_inputs([path])
    options = ReadOptions("cp1252", text_column="note", id_column="Nr", data_format="csv")
    (job,) = read_inputs(find_inputs([path], options), Vocab(), options=options)
    assert job == ("Naïve", Record("1"))
    lines = tmp_path / "a.jsonl"
    lines.write_bytes('{"text": "Naïve"}'.encode("utf-16"))
    (job,) = read_inputs([lines], Vocab(), options=ReadOptions(encoding="utf-16"))
    assert job[0] == "Naïve"
    with pytest.raises(ValueError, match=r"GB-E200.*cannot be read as utf-16"):
        list(read_inputs([path], Vocab(), options=ReadOptions("utf-16", data_format="text")))
    with pytest.raises(ValueError, match=r"GB-E030.*'--input-format'.*'docx'"):
        find_inputs([path], ReadOptions(data_format="docx"))
    with pytest.raises(ValueError, match=r"GB-E201.*'klingon'"):
        ReadOptions(encoding="klingon")


def test_a_folder_and_an_archive_of_brat_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "brat"
    folder.mkdir()
    files = {"a.txt": "Aspirin", "a.ann": "T1\tdrug 0 7\tAspirin\n"}
    archive = tmp_path / "x.brat.zip"
    with ZipFile(archive, "w") as packed:
        for name, content in files.items():
            (folder / name).write_text(content)
            packed.writestr(name, content)
    options = ReadOptions(data_format="brat")
    for place, reading in ((folder, options), (archive, options), (archive, ReadOptions())):
        found = list(read_inputs(find_inputs([place], reading), Vocab(), options=reading))
        assert [(text, record.id) for text, record in found] == [("Aspirin", "a")]


def test_texts_that_no_memory_holds_are_told_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    record = '{"text": "%s"}'
    contents = {
        "a.txt.gz": "x" * 1001,
        "b.txt.gz": "one",
        "c.jsonl.gz": "\n".join(record % text for text in ("two", "x" * 1001, "three")),
        "d.json.gz": f"[{record % 'four'}, {record % ('x' * 200_000)}]",
        "e.txt": "x" * 1001,
    }
    paths = [tmp_path / name for name in contents]
    for path, text in zip(paths, contents.values(), strict=True):
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    texts, failures = read_all(*paths)
    assert texts == ["one", "two", "three", "four", "x" * 1001]
    places = [r"a\.txt\.gz has", r"c\.jsonl\.gz, line 2 has", r"d\.json\.gz, line 1 has"]
    assert len(failures) == len(places)
    for failure, place in zip(failures, places, strict=True):
        assert re.search(rf"GB-E398\] .*{place} more than 1,000 characters", failure), failure


def test_a_form_that_a_reader_does_not_expect_ends_its_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
        yield AnnotatedText("one", [], [], None)
        raise TypeError("'int' object is not iterable")

    monkeypatch.setitem(FORMATS, "csv", Format(broken, (".csv",), has_entities=False))
    for name in ("a.csv", "b.txt"):
        (tmp_path / name).write_text("two")
    texts, [failure] = read_all(tmp_path / "a.csv", tmp_path / "b.txt")
    assert texts == ["one", "two"]
    assert re.search(r"GB-E395\] .*a\.csv cannot be read: TypeError: 'int' object", failure)
    with pytest.raises(TypeError, match="not iterable"):
        read(tmp_path / "a.csv")
