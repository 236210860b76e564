"""Text is opened whatever its marks; what cannot be read is an error with the file."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_gliner_biomed.common import files
from spacy_gliner_biomed.common.files import (
    is_utf8_instead,
    open_bytes,
    open_text,
    read_lines,
    read_text,
    warn_of_utf8,
)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "A.TXT.GZ"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_text_is_the_same_with_and_without_a_mark_and_compressed(
    tmp_path: Path, name: str, mark: str
) -> None:
    path = tmp_path / name
    content = f"{mark}Fièvre\r\n\ufeff39 °C\n".encode()
    path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    assert read_text(path) == "Fièvre\r\n\ufeff39 °C\n"
    assert list(read_lines(path)) == [(1, "Fièvre"), (2, "\ufeff39 °C")]
    with open_bytes(path) as stream:
        assert stream.read() == content


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("fine\nPatient’s".encode("cp1252"), r"line 2: .*0x92.*Windows-1252.*'Patient’s'"),
        ("fever\n".encode("utf-16"), r"line 1: .*UTF-16"),
        ("fever and\n".encode("utf-16-le"), r"line 1: .*UTF-16"),
        ("fever and\n".encode("utf-16-be"), r"line 1: .*UTF-16"),
        (b"a\n" * 90_000 + b"\xff", r"line 90001: .*0xff"),
        (b"cut off \xe2\x82", r"line 1: .*0xe2"),
    ],
)
def test_other_encodings_are_an_error_with_file_line_and_a_hint(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    for read in (read_text, lambda path: list(read_lines(path))):
        with pytest.raises(ValueError, match=rf"GB-E160.*{name}, {problem}.*iconv") as raised:
            read(path)
        assert isinstance(raised.value.__cause__, UnicodeDecodeError)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_named_encoding_is_for_the_files_that_are_not_utf8(tmp_path: Path, name: str) -> None:
    path, text = tmp_path / name, "Ménière: ≥ 2 µg, “Í”\n"
    pack = gzip.compress if name.endswith(".gz") else bytes
    for content in (text.encode(), text.encode("utf-8-sig")):
        path.write_bytes(pack(content))
        assert read_text(path, "cp1252") == read_text(path, "latin-1") == text
        assert list(read_lines(path, "cp1252")) == [(1, text.rstrip())]
    assert not is_utf8_instead(path, "utf-16")
    old = "Ménière “x”\n"
    path.write_bytes(pack(old.encode("cp1252")))
    assert read_text(path, "cp1252") == old
    path.write_bytes(pack("Ménière\n".encode() + b"Andr\xe9\n"))  # both: as it is named
    assert read_text(path, "cp1252") == "MÃ©niÃ¨re\nAndré\n"


def test_files_in_utf8_are_named_once_if_another_encoding_is(tmp_path: Path) -> None:
    old, new = "39 °C".encode("cp1252"), "39 °C".encode()
    contents = {"a": old, "b": new, "c": b"fever", "d": new}
    paths = [tmp_path / f"{name}.txt" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    with pytest.warns(UserWarning, match="GB-W380") as warned:
        warn_of_utf8(paths, "cp1252")
    (message,) = (str(warning.message) for warning in warned)
    assert message.startswith("[GB-W380] 2 files were read as UTF-8, not as cp1252: ")
    assert [path.stem for path in paths if str(path) in message] == ["b", "d"]
    for encoding in ("utf-8", "utf-16"):
        warn_of_utf8(paths, encoding)  # a warning would be an error
    with pytest.warns(UserWarning, match=r"W380\] 1 file was read"):
        warn_of_utf8(paths[:2], "latin-1")


def test_a_zero_character_in_text_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\0\0 fever \0\0 and more of it")
    assert read_text(path) == "\0\0 fever \0\0 and more of it"


@pytest.mark.parametrize("damage", [lambda c: c[:-30], lambda c: c[:9], lambda c: b"plain" + c])
def test_damaged_gzip_is_an_error_with_the_file(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = b"".join(os.urandom(50).hex().encode() + b"\n" for _ in range(999))
    path.write_bytes(damage(gzip.compress(lines)))
    with pytest.raises(ValueError, match=r"GB-E161.*a\.jsonl\.gz, line \d+: .*damaged"):
        list(read_lines(path))
    with pytest.raises(ValueError, match=r"GB-E161.*a\.jsonl\.gz: .*damaged"):  # noqa: SIM117
        with open_bytes(path) as stream:
            stream.read()


def test_an_error_of_the_reader_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("fine")
    with pytest.raises(EOFError, match="my own"), open_text(path):
        raise EOFError("my own")


def test_a_small_file_cannot_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    content = ["é" * 500, "x" * 1001, "é" * 501]
    packed, plain = tmp_path / "a.txt.gz", tmp_path / "a.txt"
    for text in content:
        packed.write_bytes(gzip.compress(text.encode()))
        plain.write_text(text, encoding="utf8")
        assert read_text(plain) == text
        if text == content[0]:
            assert read_text(packed) == text
            continue
        with pytest.raises(ValueError, match=r"GB-E398.*a\.txt\.gz has more than 1,000"):
            read_text(packed)
    packed.write_bytes(gzip.compress(b"\n".join([b"x" * 999, b"y" * 1001])))
    lines = read_lines(packed)
    assert next(lines) == (1, "x" * 999)
    with pytest.raises(ValueError, match=r"GB-E398.*a\.txt\.gz, line 2"):
        next(lines)
