import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.local import LocalEngine
from spacy_gliner_biomed.distributed.run import run_corpus
from spacy_gliner_biomed.distributed.storage import Storage
from spacy_gliner_biomed.distributed.work import Work
from tests.distributed.conftest import entities, ids, table, texts, write_lines

Annotate = Callable[..., dict[str, Any]]


def test_each_record_is_once_in_documents_or_failures(annotate: Annotate, work: Work) -> None:
    rows: list[dict[str, Any]] = [*texts("a", "b", "poison"), {"id": "none"}, *texts("again")]
    manifest = annotate(rows, size=2)
    folder = work.storage.folder
    assert ids(folder, "documents") == ["d0", "d1"]
    found = [(row["id"], row["kind"], row["source"]) for row in table(folder, "failures")]
    assert found == [
        ("d2", "error", "in.jsonl:3"),
        ("none", "missing_text", "in.jsonl:4"),
        ("d0", "duplicate", "in.jsonl:5"),
    ]
    assert manifest["failed"] == 3
    assert manifest == work.storage.read_manifest()
    assert manifest["finished"]
    assert (
        "FAILED, see the tables 'failures': 1 duplicate, 1 error, 1 missing_text"
        in (manifest["summary"])
    )


def test_resumed_run_does_only_what_is_missing(annotate: Annotate, work: Work) -> None:
    rows = texts(*"abcdefgh")
    annotate(rows, size=3)
    folder, parts = work.storage.folder, work.storage.parts
    whole = entities(folder)
    shutil.rmtree(parts / "part-000001")
    shutil.copytree(parts / "part-000000", parts / "part-000000.00000-00003")  # as after a death
    shutil.rmtree(parts / "part-000000")
    (parts / ".part-000001.4711").mkdir()
    kept = {path.name: path.stat().st_ino for path in parts.glob("part-*")}
    manifest = annotate(rows, size=3, resume=True)
    assert entities(folder) == whole
    assert kept.items() <= {p.name: p.stat().st_ino for p in parts.iterdir()}.items()
    assert sorted(path.name for path in parts.iterdir()) == sorted([*kept, "part-000001"])
    assert [run["documents"] for run in manifest["runs"]] == [8, 3]
    assert manifest["counts"]["documents"] == 8


def test_run_that_is_complete_starts_no_worker(
    annotate: Annotate, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotate(texts("a"))
    monkeypatch.setattr(LocalEngine, "_start", lambda _: pytest.fail("a worker was started"))
    assert annotate(texts("a"), resume=True)["counts"]["documents"] == 1


def test_output_is_not_where_the_input_is(work: Work, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    for corpus, output in (
        (tmp_path, tmp_path),
        (tmp_path, tmp_path / "out"),
        (source, source),
        (source, source / "out"),
    ):
        there = Work(work.plan, Storage(output, "jsonl"))
        with pytest.raises(ValueError, match="GB-E056"):
            run_corpus(Corpus(corpus), there, LocalEngine(there))
    assert list(tmp_path.iterdir()) == [source]
