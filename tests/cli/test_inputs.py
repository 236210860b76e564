import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.cli.inputs import Record, find_inputs, read_inputs


def read(*paths: Path) -> list[tuple[str, Record]]:
    """Texts and records of files."""
    jobs = read_inputs(paths, Vocab())
    return [(job.text if isinstance(job, Doc) else job, record) for job, record in jobs]


def test_text_file_is_one_document_with_its_characters_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbfline one\r\nNa\xc3\xafve \x0c line two\r")
    assert read(path) == [("line one\r\nNaïve \x0c line two\r", Record(path.as_posix()))]


def test_lines_keep_their_id_and_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    lines = [{"id": 7, "text": "a\u2028b", "ward": {"name": "x"}}, {"text": "", "id": None}]
    path.write_text("\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n")
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


def test_folder_gives_its_readable_files_in_order_and_each_once(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.jsonl", "a/d.spacy", "e.pdf", ".hidden/f.txt", ".g.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_inputs([tmp_path / "b.txt", tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "b.txt",
        "a/c.jsonl",
        "a/d.spacy",
    ]


def test_missing_file_and_unknown_ending_are_named(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").touch()
    with pytest.raises(ValueError, match=r"GB-E050.*nowhere\.txt"):
        find_inputs([tmp_path / "nowhere.txt"])
    with pytest.raises(ValueError, match=r"GB-E051.*'\.pdf'"):
        find_inputs([tmp_path / "scan.pdf"])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"text": "unfinished', "Unterminated string"),
        (b'["text"]', "found list instead of an object"),
        (b'{"id": 3}', "'text' is missing or no string"),
        (b'{"text": 3}', "'text' is missing or no string"),
        (b'{"text": "\\ud800"}', "surrogates not allowed"),
        (b'{"text": "\xe9"}', "can't decode byte"),
    ],
)
def test_broken_line_is_named_by_file_and_number(tmp_path: Path, line: bytes, problem: str) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(b'{"text": "fine"}\n\n' + line + b"\n")
    with pytest.raises(ValueError, match=rf"GB-E052.*notes\.jsonl, line 3: .*{problem}"):
        read(path)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("Naïve".encode("latin-1"))
    with pytest.raises(ValueError, match=r"GB-E053.*latin\.txt.*UTF-8 text"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no DocBin", DocBin().to_bytes()[:-4]])
def test_broken_docbin_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "docs.spacy"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"GB-E053.*docs\.spacy.*a DocBin"):
        read(path)
