import os
from pathlib import Path

import pytest

from spacy_gliner_biomed.common.folders import (
    UNREADABLE,
    ending_of,
    find_files,
    walk_files,
    warn_unread,
)

ENDINGS = (".txt", ".jsonl", ".jsonl.gz")


def test_every_file_is_read_or_named(tmp_path: Path) -> None:
    names = ("b.txt", "A.TXT", "new/c.JsonL", "new/c.jsonl.gz", "d.csv", "E.CSV", "f.xml.gz", "g")
    for name in (*names, ".h.txt", ".new/i.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found, unread = find_files(tmp_path, ENDINGS)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "A.TXT",
        "b.txt",
        "new/c.JsonL",
        "new/c.jsonl.gz",
    ]
    with pytest.warns(UserWarning, match="GB-W160") as warned:
        warn_unread(unread, ENDINGS)
    (message,) = (str(warning.message) for warning in warned)
    assert "4 files or folders were not read: " in message
    assert "2 .csv (E.CSV, d.csv); 1 .xml.gz (f.xml.gz); 1 without ending (g)" in message


def test_many_files_of_a_kind_are_one_short_message(tmp_path: Path) -> None:
    unread = [(".pdf", f"{i}.pdf") for i in range(2000)]
    with pytest.warns(UserWarning, match=r"2,000 \.pdf \(0\.pdf, 1\.pdf, 10\.pdf and 1997 more\)"):
        warn_unread(unread, ENDINGS)
    warn_unread([], ENDINGS)  # a warning would be an error


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
def test_linked_folders_and_pipes_are_named_and_linked_files_read(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.txt").touch()
    (tmp_path / "linked").symlink_to(tmp_path)  # leads back to itself
    (tmp_path / "b.txt").symlink_to(tmp_path / "own" / "a.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")  # is said when it is read
    os.mkfifo(tmp_path / "pipe.txt")
    found, unread = find_files(tmp_path, ENDINGS)
    assert [path.name for path in found] == ["b.txt", "gone.txt", "a.txt"]
    assert sorted(unread) == [("linked folder", "linked"), ("pipe or device", "pipe.txt")]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_folders_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir(mode=0)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.txt").touch()
    (tmp_path / "e.txt").touch()
    noted: list[tuple[str, Path]] = []
    found = [*walk_files(tmp_path, lambda kind, path: noted.append((kind, path)))]
    (tmp_path / "b").chmod(0o700)
    assert found == [tmp_path / "e.txt", tmp_path / "c" / "d.txt"]
    assert noted == ([] if os.getuid() == 0 else [(UNREADABLE, tmp_path / "b")])


@pytest.mark.parametrize(
    ("name", "ending"), [("a.TXT", ".txt"), ("a.jsonl.gz", ".jsonl.gz"), ("a.gz", None)]
)
def test_the_longest_ending_counts_in_any_case(name: str, ending: str | None) -> None:
    assert ending_of(Path(name), ENDINGS) == ending
