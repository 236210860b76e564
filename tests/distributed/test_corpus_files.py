import os
from pathlib import Path

import pytest

from spacy_gliner_biomed.distributed.corpus_files import (
    MAX_KINDS,
    OTHERS,
    LocalFiles,
    NotRead,
    find_corpus_files,
)


def names(root: Path, not_read: NotRead | None = None) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_corpus_files(root, not_read)]


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(path)


def test_endings_are_known_in_any_case_and_other_files_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "C.TXT", "a.Jsonl.GZ", "b/d.XML", "b/e.csv", "f.PDF", "g.json.gz", "h.pdf")
    write(tmp_path, "README")
    not_read = NotRead()
    assert names(tmp_path, not_read) == ["C.TXT", "a.Jsonl.GZ", "g.json.gz", "b/d.XML", "b/e.csv"]
    assert not_read.counts == {".pdf": 2, "without ending": 1}
    assert str(not_read) == "2 .pdf (f.PDF), 1 without ending (README)"


def test_kinds_that_are_counted_alone_are_limited() -> None:
    not_read = NotRead()
    for i in range(1000):
        not_read.add(f".{i}", f"a.{i}")
    assert len(not_read.counts) == MAX_KINDS + 1
    assert not_read.counts[OTHERS] == 1000 - MAX_KINDS
    assert not_read.examples[OTHERS] == f"a.{MAX_KINDS}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a named pipe")
def test_pipes_and_linked_folders_are_counted_and_dead_links_are_left_to_the_reader(
    tmp_path: Path,
) -> None:
    write(tmp_path, "a/1.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "dead.txt").symlink_to(tmp_path / "nowhere")
    not_read = NotRead()
    assert names(tmp_path, not_read) == ["dead.txt", "a/1.txt"]
    assert not_read.examples == {"pipes and devices": "pipe.txt", "linked folders": "a/loop"}
    assert LocalFiles(tmp_path).measure().n_files == 2


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX systems only")
def test_name_that_is_no_utf8_is_text_in_ids(tmp_path: Path) -> None:
    from spacy_gliner_biomed.distributed.corpus import Corpus

    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("one")
    (tmp_path / os.fsdecode(b"caf\xe9.c\xe9v")).write_text("one")
    corpus = Corpus(tmp_path)
    [partition] = corpus.partitions()
    assert [(record.id, record.content) for record in partition.records] == [
        ("caf\\xe9.txt", "one")
    ]
    assert str(corpus.size.not_read) == "1 .c\\xe9v (caf\\xe9.c\\xe9v)"


def test_folder_that_may_not_be_read_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b/c.txt")
    (tmp_path / "b").chmod(0)
    try:
        if os.access(tmp_path / "b", os.R_OK):
            pytest.skip("this user may read everything")
        not_read = NotRead()
        assert names(tmp_path, not_read) == ["a.txt"]
        assert not_read.examples == {"unreadable folders": "b"}
    finally:
        (tmp_path / "b").chmod(0o700)
