import json
import os
import pickle
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from tests.distributed.conftest import texts, write_lines
from tests.distributed.test_citations import version
from tests.distributed.test_pubmed import citation, deletion, pubmed, write_pubmed


def records(path: Path, size: int = 1000) -> list[CorpusRecord]:
    return [
        record for part in Corpus(path, partition_size=size).partitions() for record in part.records
    ]


def kinds(path: Path) -> dict[str, list[str]]:
    """What became of each record of an id, in order."""
    found: dict[str, list[str]] = {}
    for record in records(path):
        kind = record.problem.kind if record.problem is not None else str(record.content)
        found.setdefault(record.id, []).append(kind)
    return found


def test_partitions_are_cut_by_records_and_characters(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", texts("a", "b", "c", "x" * 99, "d", "e"))
    corpus = Corpus(path, partition_size=3, partition_characters=50)
    partitions = list(corpus.partitions())
    sizes = [[record.id for record in part.records] for part in partitions]
    assert sizes == [["d0", "d1", "d2"], ["d3"], ["d4", "d5"]]
    assert [part.name for part in partitions] == [f"part-00000{i}" for i in range(3)]
    assert sum(part.n_bytes for part in partitions) == corpus.size.n_bytes == path.stat().st_size


def test_files_are_read_in_the_order_of_their_names_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".c.txt", ".d/e.txt", "f.pdf", "c/10.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [record.id for record in records(tmp_path)] == [
        "a.txt",
        "b/1.txt",
        "b/2.txt",
        "c/10.txt",
    ]


def test_repeated_id_is_a_duplicate_also_in_another_partition_or_file(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [*texts("a", "b"), *texts("c")])
    last: list[dict[str, Any]] = [{"id": "e"}, {"id": "e"}, {"id": "e", "text": "good"}]
    write_lines(tmp_path / "b.jsonl", [{"id": "d1", "text": "d"}, *last])
    expected = {
        "d0": ["aspirin a", "duplicate"],
        "d1": ["aspirin b", "duplicate"],
        "e": ["missing_text", "missing_text", "good"],
    }
    assert kinds(tmp_path) == expected
    assert [len(p.records) for p in Corpus(tmp_path, partition_size=2).partitions()] == [2, 2, 2, 1]


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


@pytest.mark.parametrize("order", list(permutations((1, 2, 10))))
@pytest.mark.parametrize("in_one_file", [True, False])
def test_highest_version_of_a_citation_counts_wherever_it_is(
    tmp_path: Path, order: tuple[int, ...], in_one_file: bool
) -> None:
    parts = [version(citation(6, f"Version {number}."), number) for number in order]
    if in_one_file:
        write_pubmed(tmp_path / "1.xml.gz", citation(7, "Seven."), *parts)
    else:
        for name, part in enumerate(parts):
            write_pubmed(tmp_path / f"{name}.xml.gz", part, citation(10 + name, "Other."))
    assert sorted(kinds(tmp_path)["6"]) == ["Version 10.", "superseded", "superseded"]
    again = [[record.content for record in part.records] for part in Corpus(tmp_path).partitions()]
    assert again == [[record.content for record in records(tmp_path)]]  # as a resumed run cuts it


def test_deletion_is_one_of_a_version_and_of_those_before_it(tmp_path: Path) -> None:
    second = version(citation(6, "Second."), 2)
    write_pubmed(tmp_path / "1.xml.gz", citation(5, "Old."), citation(6, "First."), second)
    write_pubmed(tmp_path / "2.xml.gz", deletion(6), version(deletion(5), 2))
    assert kinds(tmp_path) == {"5": ["deleted"], "6": ["deleted", "Second."]}
    write_pubmed(tmp_path / "3.xml.gz", version(deletion(6), 2), citation(6, "Again."))
    # What a file deletes, it deletes in itself, too.
    assert kinds(tmp_path)["6"] == ["deleted", "deleted", "deleted"]
    write_pubmed(tmp_path / "4.xml.gz", citation(6, "Again."))
    assert kinds(tmp_path)["6"] == ["Again.", "deleted", "deleted", "deleted"]


def test_citation_that_a_file_has_again_is_read_where_it_is_last(tmp_path: Path) -> None:
    parts = [citation(6, "Old."), citation(7, "Seven."), citation(6, "Newer."), citation(6, "New.")]
    write_pubmed(tmp_path / "1.xml.gz", *parts)
    assert kinds(tmp_path) == {"6": ["superseded", "superseded", "New."], "7": ["Seven."]}


def test_citation_whose_id_another_record_has_is_a_duplicate_not_superseded(tmp_path: Path) -> None:
    write_lines(tmp_path / "z.jsonl", [{"id": "6", "text": "note"}])
    write_pubmed(tmp_path / "1.xml.gz", citation(6, "Old."), citation(7, "Seven."))
    write_pubmed(tmp_path / "2.xml.gz", citation(7, "New."))
    assert kinds(tmp_path) == {"6": ["note", "duplicate"], "7": ["New.", "superseded"]}


def test_broken_record_does_not_take_the_id_of_a_good_one(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"id": "x"}, {"id": "x", "text": "good"}])
    assert kinds(tmp_path) == {"x": ["missing_text", "good"]}


def test_file_that_is_gone_when_it_is_read_is_a_row(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", texts("a"))
    (tmp_path / "b.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "c.xml").symlink_to(tmp_path / "nowhere")
    expected = {"d0": ["aspirin a"], "b.txt:broken": ["broken"], "c.xml:broken": ["broken"]}
    assert kinds(tmp_path) == expected


@pytest.mark.parametrize("gone", ["in", "in/sub", "in/sub/b.jsonl"])
def test_corpus_that_vanishes_before_it_is_read_is_an_error(
    spec: RunSpec, tmp_path: Path, gone: str
) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in "ab":
        write_lines(tmp_path / "in" / "sub" / f"{name}.jsonl", texts(name))
    corpus = Corpus(tmp_path / "in")
    (tmp_path / gone).rename(tmp_path / "elsewhere")
    left = 1 if gone.endswith("b.jsonl") else 0
    with pytest.raises(ValueError, match=f"GB-E370.* had 2 files .* has {left} now"):
        run_corpus(corpus, spec, LocalEngine(spec))
    manifest = spec.storage.read_manifest()
    assert manifest is not None
    assert not manifest["finished"]


def test_relative_path_is_that_of_the_folder_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lines(tmp_path / "in.jsonl", texts("a"))
    monkeypatch.chdir(tmp_path)
    corpus = pickle.dumps(Corpus("in.jsonl"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    [partition] = pickle.loads(corpus).partitions()
    assert [(record.id, record.source) for record in partition.records] == [("d0", "in.jsonl:1")]


def test_small_cases_are_each_read_or_reported_or_counted(shared: Path) -> None:
    folder = shared / "cases" / "notes_mixed"
    found = {name: kind for name, [kind] in kinds(folder).items()}
    assert found == {
        "1": "Asthma, mild",
        "C.TXT": "Asthma.\n",
        "a.txt": "Fever and cough.\n",
        "b_cp1252.txt": "not_utf8",
        "e_utf16.txt": "not_utf8",
        "f.json:1": "Asthma.",
        "g.jsonl.gz:1": "Zinc for fever.",
        "h_empty.txt": "",
    }
    assert not Corpus(folder).size.not_read.counts
    other = shared / "cases" / "pubmed" / "other_xml"
    assert set(map(tuple, kinds(other).values())) == {
        ("Aspirin in migraine\n\nIt helped.\n\nFever was seen.",),
        ("Zinc for fever.",),
    }
    versions = kinds(shared / "cases" / "pubmed" / "versions.xml")
    assert versions == {"6": ["superseded", "Second version ibuprofen"]}


def test_digest_follows_names_sizes_and_times_but_not_the_place(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("a")
        os.utime(tmp_path / folder / "a.txt", ns=(0, 5))
    x, y = Corpus(tmp_path / "x"), Corpus(tmp_path / "y")
    assert (x.size.digest, x.size.n_files, x.size.n_bytes) == (y.size.digest, 1, 1)
    os.utime(tmp_path / "y" / "a.txt", ns=(0, 6))
    assert Corpus(tmp_path / "y").size.digest != x.size.digest


def test_corpus_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E050"):
        Corpus(tmp_path / "nowhere")
    (tmp_path / "scan.pdf").write_text(json.dumps("x"))
    for path in (tmp_path, tmp_path / "scan.pdf"):
        with pytest.raises(ValueError, match=r"GB-E106.*\.jsonl.*Found: 1 \.pdf \(scan\.pdf\)"):
            Corpus(path)


def test_articles_and_bioc_are_no_citations(tmp_path: Path) -> None:
    article = (
        "<article><front><article-meta><article-id pub-id-type='pmid'>1</article-id><title-group>"
        "<article-title>Zinc.</article-title></title-group></article-meta></front></article>"
    )
    (tmp_path / "a.xml").write_text(article)
    (tmp_path / "b.nxml").write_text(article)
    (tmp_path / "c.xml").write_bytes(pubmed(citation(1, "Iron."), citation(2, "Gout.")))
    found = kinds(tmp_path)
    assert found == {"1": ["Zinc.", "duplicate", "duplicate"], "2": ["Gout."]}
