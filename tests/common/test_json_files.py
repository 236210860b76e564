import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.common.json_files import read_json_lines, read_json_object, write_report
from spacy_gliner_biomed.errors import Errors


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_report_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.json"
    write_report(path, {"docs": 2, "name": "ä"})
    path.write_text(mark + path.read_text("utf8"), encoding="utf8")
    assert read_json_object(path) == {"docs": 2, "name": "ä"}


@pytest.mark.parametrize("content", ["", "[1]", "{", "null", "[" * 2000])
def test_what_is_no_object_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"^\[GB-E182\] .*a\.json cannot be read: "):
        read_json_object(path)


def test_a_missing_file_gives_the_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^\[GB-E125\] .*a\.json is not a table.*No such file"):
        read_json_object(tmp_path / "a.json", Errors.E125)


def test_another_encoding_is_said_by_itself(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"name": "\xe4"}')
    with pytest.raises(ValueError, match=r"^\[GB-E160\] .*a\.json, line 1"):
        read_json_object(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_blank_lines_are_skipped_but_numbered(tmp_path: Path, name: str) -> None:
    lines = [json.dumps({"id": 1}), "", "  ", json.dumps({"id": 2})]
    content = "\n".join(lines).encode("utf8")
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert list(read_json_lines(path)) == [(1, {"id": 1}), (4, {"id": 2})]


@pytest.mark.parametrize("line", ["{", "3", '["a"]'])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{{}}\n{line}\n")
    lines = read_json_lines(path)
    assert next(lines) == (1, {})
    with pytest.raises(ValueError, match=r"^\[GB-E060\] .*a\.jsonl, line 2: "):
        next(lines)
