import gzip
from pathlib import Path

import pytest

from spacy_gliner_biomed.common.counted_stream import Position
from spacy_gliner_biomed.common.files import open_bytes, read_byte_lines


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_bytes_are_counted_as_they_are_on_the_disk(tmp_path: Path, name: str) -> None:
    path, position = tmp_path / name, Position()
    content = b"one\n" * 1000
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with open_bytes(path, position) as stream:
        assert position.bytes == 0
        assert stream.read() == content
    assert position.bytes == path.stat().st_size


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    path, position = tmp_path / "a.txt", Position()
    path.write_bytes(b"one\nthree\n")
    lines = read_byte_lines(path, position=position)
    assert (next(lines), position.bytes) == ((1, b"one"), 4)
    assert (next(lines), position.bytes) == ((2, b"three"), 10)


def test_long_lines_are_truncated_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf1\n12345\n123456\n1234567890123\n12")
    lines = [line for _, line in read_byte_lines(path, max_bytes=5)]
    assert lines == [b"1", b"12345", b"123456", b"123456", b"12"]
