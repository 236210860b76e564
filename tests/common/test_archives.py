"""ZIP archives: read in place, refused if they are not safe."""

from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from spacy_gliner_biomed.common import archives
from spacy_gliner_biomed.common.archives import open_archive


def pack(path: Path, *files: tuple[str, bytes], method: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_files_are_read_in_place_without_folders_and_hidden_ones(tmp_path: Path) -> None:
    files = [
        ("b/x.txt", b"B"),
        ("a.txt", b"A"),
        ("b/", b""),
        (".c.txt", b""),
        ("__MACOSX/._a", b""),
    ]
    with open_archive(pack(tmp_path / "x.zip", *files)) as members:
        assert [member.name for member in members] == ["a.txt", "b/x.txt"]
        first, second = members
        assert (first.suffix, str(second)) == (".txt", f"{tmp_path}/x.zip/b/x.txt")
        with second.open("rb") as stream:
            assert stream.read() == b"B"
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt"])
def test_names_that_lead_elsewhere_are_names_only(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("not this")
    path = pack(folder / "x.zip", (name, b"this"))
    with open_archive(path) as (member,), member.open("rb") as stream:
        assert stream.read() == b"this"
    assert (tmp_path / "outside.txt").read_text() == "not this"


def test_what_is_no_archive_or_damaged_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK but not really")
    with pytest.raises(ValueError, match=r"E206.*not a zip file"), open_archive(path):
        pass
    path = pack(tmp_path / "x.zip", ("a.txt", b"Aspirin" * 9), method=ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"AspirinAspirin", b"AspirinASPIRIN", 1))
    damaged = pytest.raises(ValueError, match=r"E206.*CRC")
    with damaged, open_archive(path) as (member,), member.open("rb") as stream:
        stream.read()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("files", "method", "complaint"),
    [
        ([("a", b"1"), ("a", b"2")], ZIP_STORED, "'a' is in it twice"),
        ([("a", b"1")], ZIP_BZIP2, "unusual way"),
        ([("a", b"0" * 2001)], ZIP_DEFLATED, "2,001 bytes unpacked; the limit is 2,000"),
        ([(str(i), b"0" * 1999) for i in range(9)], ZIP_DEFLATED, "17,991 bytes unpacked, but"),
    ],
)
def test_archives_that_are_not_safe_are_refused(
    files: list[tuple[str, bytes]],
    method: int,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 2000)
    monkeypatch.setattr(archives, "MAX_RATIO", 5)
    path = pack(tmp_path / "x.zip", *files, method=method)
    with pytest.raises(ValueError, match=f"E206.*{complaint}"), open_archive(path):
        pass


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", ("a.txt", b"A"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # as if it were encrypted
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"E206.*encrypted"), open_archive(path):
        pass
