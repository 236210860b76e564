import json
import os
from pathlib import Path

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.records import Item
from tests.distributed.conftest import texts, write_lines
from tests.distributed.test_pubmed import citation, deletion, write_pubmed


def records(path: Path, size: int = 1000) -> list[Item]:
    return [item for part in Corpus(path, partition_size=size).partitions() for item in part.items]


def kinds(path: Path) -> dict[str, list[str]]:
    """What became of each record of an id, in order."""
    found: dict[str, list[str]] = {}
    for item in records(path):
        kind = item.problem.kind if item.problem is not None else str(item.content)
        found.setdefault(item.id, []).append(kind)
    return found


def test_partitions_are_cut_by_records_and_characters(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", texts("a", "b", "c", "x" * 99, "d", "e"))
    corpus = Corpus(path, partition_size=3, partition_characters=50)
    partitions = list(corpus.partitions())
    sizes = [[item.id for item in part.items] for part in partitions]
    assert sizes == [["d0", "d1", "d2"], ["d3"], ["d4", "d5"]]
    assert [part.name for part in partitions] == [f"part-00000{i}" for i in range(3)]
    assert sum(part.n_bytes for part in partitions) == corpus.n_bytes == path.stat().st_size


def test_files_are_read_in_the_order_of_their_names_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".c.txt", ".d/e.txt", "f.pdf", "c/10.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [item.id for item in records(tmp_path)] == ["a.txt", "b/1.txt", "b/2.txt", "c/10.txt"]


def test_repeated_id_is_a_duplicate_also_in_another_partition_or_file(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [*texts("a", "b"), *texts("c")])
    write_lines(tmp_path / "b.jsonl", [{"id": "d1", "text": "d"}, {"id": "e"}, {"id": "e"}])
    expected = {
        "d0": ["aspirin a", "duplicate"],
        "d1": ["aspirin b", "duplicate"],
        "e": ["missing_text", "missing_text"],
    }
    assert kinds(tmp_path) == expected
    assert [len(p.items) for p in Corpus(tmp_path, partition_size=2).partitions()] == [2, 2, 2]


def test_last_version_of_a_citation_counts_and_deleted_ones_are_left_out(tmp_path: Path) -> None:
    parts = [citation(n, f"Old {n}.") for n in (1, 2, 3, 4)]
    write_pubmed(tmp_path / "pubmed26n0001.xml.gz", *parts)
    write_pubmed(tmp_path / "pubmed26n0002.xml.gz", citation(2, "New 2."), deletion(3, 4))
    write_pubmed(tmp_path / "pubmed26n0003.xml.gz", citation(4, "Back 4."))
    assert kinds(tmp_path) == {
        "1": ["Old 1."],
        "2": ["New 2.", "superseded"],
        "3": ["deleted"],
        "4": ["Back 4.", "deleted"],
    }


def test_digest_follows_names_sizes_and_times_but_not_the_place(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("a")
        os.utime(tmp_path / folder / "a.txt", ns=(0, 5))
    x, y = Corpus(tmp_path / "x"), Corpus(tmp_path / "y")
    assert (x.digest, x.n_files, x.n_bytes) == (y.digest, 1, 1)
    os.utime(tmp_path / "y" / "a.txt", ns=(0, 6))
    assert Corpus(tmp_path / "y").digest != x.digest


def test_corpus_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E050"):
        Corpus(tmp_path / "nowhere")
    (tmp_path / "scan.pdf").write_text(json.dumps("x"))
    for path in (tmp_path, tmp_path / "scan.pdf"):
        with pytest.raises(ValueError, match=r"GB-E106.*\.jsonl"):
            Corpus(path)
