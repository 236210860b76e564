"""Runs on a real S3 server with real faults: each record once, and results as in a folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.common import object_store as store_module
from spacy_gliner_biomed.common.object_store import ObjectStore
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.output_objects import OutputObjects
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from tests.distributed.conftest import FAULTS, texts, write_lines
from tests.distributed.s3_server import BUCKET, S3Server, s3_server
from tests.distributed.test_pubmed import citation, deletion, write_pubmed
from tests.distributed.test_result_storage import results

# An unclosed session of a client that a test leaves, and the old calls of moto's own packages.
pytestmark = pytest.mark.filterwarnings("ignore")
ROOT = Path(__file__).parents[2]
PART = "part-000000"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        yield made


@pytest.fixture
def store(server: S3Server, request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    """An empty folder of the bucket, without faults."""
    made = ObjectStore(f"s3://{BUCKET}/{request.node.name.replace('[', '-')}", server.options)
    made._fs.makedirs(BUCKET, exist_ok=True)
    yield made
    server.faults.clear()


def storage(store: ObjectStore, format_: str = "jsonl", run: str | None = None) -> Storage:
    return Storage(store.url, format_, run, store.options)


def rows(made: Storage, name: str) -> list[dict[str, Any]]:
    """The rows of a table of JSON lines, of all partitions in their order."""
    parts = [made.output.read_part(part, f"{name}.jsonl") for part in sorted(made.names())]
    return [json.loads(line) for part in parts for line in part.splitlines()]


def test_answers_that_are_lost_refused_or_late_change_nothing(
    server: S3Server, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 60.0)
    server.fail("PUT", "/mine", 1, "lose")
    server.fail("PUT", "/other", 1, "delay")
    server.fail("GET", "/mine", 1)
    assert store.create("mine", b"1")
    assert not store.create("mine", b"2")
    assert store.create("other", b"2")
    assert dict(store.read_many(["mine", "other"])) == {"mine": b"1", "other": b"2"}
    assert sorted(store.names("")) == ["mine", "other"]
    store.remove(["mine", "never"])
    assert store.read("mine") is None


def test_a_partition_is_there_when_its_marker_is(server: S3Server, store: ObjectStore) -> None:
    made = storage(store)
    for name in ("documents", "commits"):
        server.fail("PUT", f"/{name}", 99)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store_module, "PATIENCE", 0.0)
            with pytest.raises(OSError, match="Service Unavailable"):
                made.write(PART, results("d1"))
        assert not made.has(PART)
        assert list(made.names()) == []
        server.faults.clear()
    made.write(PART, results("first"))
    made.write(PART, results("second"))
    assert [row["id"] for row in rows(made, "failures")] == ["first"]
    assert made.counts(PART) == results("first").counts()
    made.remove_unused([PART])
    attempts = {name.split("/")[2] for name in store.names("parts")}
    assert len(attempts) == 1  # what the failed attempts wrote is removed
    [location] = made.output.part_locations([PART], "failures.jsonl")
    assert location == f"{store.url}/parts/{PART}/{attempts.pop()}/failures.jsonl"
    assert [row["id"] for row in rows(made, "failures")] == ["first"]


def test_a_marker_whose_answer_is_lost_counts(server: S3Server, store: ObjectStore) -> None:
    made = storage(store)
    server.fail("PUT", "/commits", 1, "lose")
    made.write(PART, results("d1"))
    assert [row["id"] for row in rows(made, "failures")] == ["d1"]


def test_run_after_which_another_has_begun_writes_nothing(store: ObjectStore) -> None:
    made = storage(store)
    made.write_manifest({"run_id": "mine"})
    mine = made.fenced()
    made.write_manifest({"run_id": "other"})
    with pytest.raises(ValueError, match="GB-E109"):
        mine.write(PART, results("d1"))
    assert list(store.names("parts")) == []


def locked(store: ObjectStore, lease: float) -> OutputObjects:
    made = OutputObjects(store)
    made.lock.lease = lease
    return made


def test_only_one_run_holds_the_lock_and_a_dead_one_does_not(store: ObjectStore) -> None:
    first, second = locked(store, 5.0), locked(store, 5.0)
    with first.locked():
        with pytest.raises(ValueError, match="GB-E102"), second.locked():
            pass
        first.write_manifest(b"{}")
    with second.locked():  # the first has ended
        pass
    dead = locked(store, 1.0)
    dead.locked().__enter__()
    dead.lock.stop.set()  # as after a kill: no further sign of life, and no end
    with locked(store, 1.0).locked(), pytest.raises(ValueError, match="GB-E109"):
        dead.write_manifest(b"{}")
    assert len(list(store.names("locks"))) == 4


def test_results_and_counts_are_those_of_a_folder(
    store: ObjectStore, spec: RunSpec, tmp_path: Path
) -> None:
    (tmp_path / "in" / "b").mkdir(parents=True)
    write_lines(tmp_path / "in" / "z.jsonl", [*texts("a", "poison"), {"id": "none"}])
    write_lines(tmp_path / "in" / "b" / "a.jsonl", texts("again", "b", "c d"))
    (tmp_path / "in" / "b" / "broken.jsonl").write_bytes(b'{"id": \xff}\n')
    (tmp_path / "in" / "b" / "no.docx").write_bytes(b"1")
    for path in tmp_path.joinpath("in").rglob("*.*"):
        store.write(f"in/{path.relative_to(tmp_path / 'in').as_posix()}", path.read_bytes())
    there = replace(spec, storage=Storage(f"{store.url}/out", "jsonl", options=store.options))
    remote = Corpus(f"{store.url}/in", partition_size=2, options=store.options)
    found = run_corpus(remote, there, LocalEngine(there))
    here = run_corpus(Corpus(tmp_path / "in", partition_size=2), spec, LocalEngine(spec))
    for table in ("documents", "entities", "failures"):
        assert in_place(there.storage, table) == in_place(spec.storage, table)
    for key in ("counts", "failed", "not_read"):
        assert found[key] == here[key]
    assert found["input"]["bytes"] == here["input"]["bytes"]
    log = [name for name in store.names("out/log") if store.read(name)]
    events = [json.loads(line) for name in log for line in (store.read(name) or b"").splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["started", "ended"]
    with pytest.raises(ValueError, match="GB-E100"):
        run_corpus(remote, there, LocalEngine(there))


def in_place(made: Storage, name: str) -> list[dict[str, Any]]:
    """The rows of a table, as if the corpus were in the folder "in"; reasons are cut to a length
    with their paths, which differ.
    """
    found: list[dict[str, Any]] = json.loads(
        re.sub(r"(s3:/)?/[^ ]*/in/", "in/", json.dumps(rows(made, name)))
    )
    return [{**row, "reason": row.get("reason", "")[:80]} for row in found]


def drive(source: str, pipeline: str, output: str, options: str) -> None:
    """A whole run, in a process of its own."""
    made = Storage(output, "jsonl", options=json.loads(options))
    made.output.lock.lease = 2.0  # type: ignore[attr-defined]
    spec = RunSpec(AnnotatorConfig(pipeline, code=FAULTS, batch_size=4), made)
    corpus = Corpus(source, partition_size=4, options=json.loads(options))
    run_corpus(corpus, spec, LocalEngine(spec, n_workers=2), resume=True)


def test_driver_and_workers_that_are_killed_while_the_server_fails(
    server: S3Server, store: ObjectStore, trivial: str, tmp_path: Path
) -> None:
    deadly = f"deadly {tmp_path / 'once'}"  # kills its worker once
    wanted = texts("a", deadly, *(f"slow {i}" for i in range(38)))
    store.write("in.jsonl", write_lines(tmp_path / "in.jsonl", wanted).read_bytes())
    made = Storage(f"{store.url}/out", "jsonl", options=store.options)
    arguments = [f"{store.url}/in.jsonl", trivial, made.folder, json.dumps(store.options)]
    command = [sys.executable, "-W", "ignore", "-m", __name__, *arguments]
    markers: dict[str, bytes] = {}
    for kill in (True, False):
        server.fail("PUT", "/parts", 3)
        server.fail("PUT", "/commits", 1, "lose")
        server.fail("PUT", "/commits", 2, "delay")
        driver = subprocess.Popen(command, cwd=ROOT)
        while kill and driver.poll() is None and len(list(made.names())) < len(markers) + 2:
            time.sleep(0.05)
        if kill:
            driver.send_signal(signal.SIGKILL)
        assert driver.wait() == (-signal.SIGKILL if kill else 0)
        after = dict(made.output.counts(made.names()))
        assert markers.items() <= after.items()  # what is finished is not done again
        markers = after
    assert [row["id"] for row in rows(made, "documents")] == [row["id"] for row in wanted]
    assert [row["document"] for row in rows(made, "entities")] == [row["id"] for row in wanted]
    assert {name.split("/")[2] for name in store.names("out/parts")} == set(made.names())


@pytest.mark.skipif(os.name != "posix", reason="compares with a folder's order")
def test_files_are_read_in_the_order_of_a_folder(store: ObjectStore, tmp_path: Path) -> None:
    for i, name in enumerate(["b", "a/c", "a", "a/b/x", "a/b", "a-b/y", ".hidden/z"]):
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_lines(path, [{"id": str(i), "text": "x"}])
    (tmp_path / "c.json").write_text('[{"text": "one"}, {"text": "two"}]')
    (tmp_path / "d.json").write_text('{"settings": 1}')
    write_pubmed(tmp_path / "1.xml.gz", citation(1, "Old."), citation(2, "Two."))
    write_pubmed(tmp_path / "2.xml.gz", citation(1, "New."), deletion(2))
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        store.write(path.relative_to(tmp_path).as_posix(), path.read_bytes())
    remote, here = Corpus(store.url, options=store.options), Corpus(tmp_path)
    assert records(remote) == records(here)
    assert str(remote.size.not_read) == str(here.size.not_read) == "1 .json (d.json)"
    listed = Corpus(store.url, options=store.options)
    details = store.details()
    with pytest.MonkeyPatch.context() as patch:  # an object that is gone when it is read
        store.remove(["b.jsonl"])
        patch.setattr(ObjectStore, "details", lambda *_: details)
        [gone] = [record for record in records(listed) if record.source == "b.jsonl"]
    assert gone.problem is not None
    assert "FileNotFoundError" in gone.problem.reason
    with pytest.raises(ValueError, match="GB-E323"):
        Corpus(f"{store.url}/nothing", options=store.options)


def records(corpus: Corpus) -> list[CorpusRecord]:
    return [record for part in corpus.partitions() for record in part.records]


def test_urls_that_cannot_be_used_are_named() -> None:
    with pytest.raises(ValueError, match=r"GB-E320.*nosuch://x.*Protocol not known"):
        Storage("nosuch://x", "jsonl")
    with pytest.raises(ValueError, match=r"GB-E321.*'hf://' is for input only"):
        Storage("hf://datasets/a/b", "jsonl")


def test_urls_of_files_are_paths(tmp_path: Path) -> None:
    assert Storage(f"file://{tmp_path}/a%20b", "jsonl").folder == tmp_path / "a b"
    assert Storage("s3://b/c/", "jsonl").folder == "s3://b/c"


if __name__ == "__main__":
    drive(*sys.argv[1:])
