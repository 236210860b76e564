"""Real faults, in real processes: each record once, results as if nothing had happened."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.local_engine import LocalEngine, shared_file
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from tests.distributed.conftest import entities, ids, table, texts, write_lines

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sends POSIX signals")
Annotate = Callable[..., dict[str, Any]]


def undisturbed(rows: list[dict[str, str]]) -> list[tuple[str, int, str]]:
    """What the trivial pipeline finds in rows that are annotated."""
    return [(row["id"], 0, "aspirin") for row in rows]


def log_events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_documents_that_fail_are_alone_in_failures(annotate: Annotate, spec: RunSpec) -> None:
    rows = texts("a", "poison", "b", "c", "poison d", "e", "f", "g", "h", "i")
    manifest = annotate(rows, workers=2)
    folder = spec.storage.folder
    bad = [rows.pop(4), rows.pop(1)]
    assert entities(folder) == undisturbed(rows)
    assert ids(folder, "documents") == [row["id"] for row in rows]
    assert sorted(ids(folder, "failures")) == sorted(row["id"] for row in bad)
    assert {row["reason"] for row in table(folder, "failures")} == {
        "ValueError: this text is poison"
    }
    assert (manifest["failed"], manifest["counts"]["failure:error"]) == (2, 2)


def test_what_fails_once_is_tried_again(annotate: Annotate, spec: RunSpec, tmp_path: Path) -> None:
    rows = texts("a", f"flaky {tmp_path / 'flaky'}", "b", f"deadly {tmp_path / 'deadly'}", "c")
    manifest = annotate(rows)
    assert entities(spec.storage.folder) == undisturbed(rows)
    assert manifest["failed"] == 0
    assert log_events(spec.storage.folder).count("worker died") == 1


def test_document_that_kills_its_workers_ends_in_failures_alone(
    annotate: Annotate, spec: RunSpec
) -> None:
    rows = texts("a", "b", "c", "killer", "d", "e")
    annotate(rows, size=4)
    folder = spec.storage.folder
    bad = rows.pop(3)
    assert entities(folder) == undisturbed(rows)
    [failure] = table(folder, "failures")
    assert (failure["id"], failure["kind"]) == (bad["id"], "died")
    assert failure["reason"] == "3 worker processes died on it, the last with signal SIGKILL"
    names = sorted(spec.storage.names())
    assert names[-1] == "part-000001"
    assert all(name.startswith("part-000000.0") for name in names[:-1])


def test_full_disk_is_waited_for(annotate: Annotate, spec: RunSpec, tmp_path: Path) -> None:
    rows = texts("a", "b", f"full {tmp_path / 'full'}", "c")
    manifest = annotate(rows, size=2)
    assert entities(spec.storage.folder) == undisturbed(rows)
    assert manifest["failed"] == 0
    events = log_events(spec.storage.folder)
    assert "not written" in events
    assert "worker died" not in events


def test_disk_that_stays_full_ends_the_run_which_can_be_resumed(
    annotate: Annotate, spec: RunSpec, tmp_path: Path
) -> None:
    rows = texts("a", "b", f"full {tmp_path / 'full'}", "c")
    impatient = RunSpec(spec.config, spec.storage, patience=0.0)
    with pytest.raises(OSError, match=r"GB-E105.*for 0 s: .*File too large.*--resume"):
        annotate(rows, impatient, size=2)
    assert set(spec.storage.names()) == {"part-000000"}
    assert not list(spec.storage.parts.glob(".part*"))
    annotate(rows, size=2, resume=True)
    assert entities(spec.storage.folder) == undisturbed(rows)


def test_workers_that_are_killed_again_and_again(spec: RunSpec, tmp_path: Path) -> None:
    rows = texts(*(f"slow {i}" for i in range(100)))
    source = write_lines(tmp_path / "in.jsonl", rows)
    engine = LocalEngine(spec, n_workers=2)
    stop, killed = Event(), []

    def kill_workers() -> None:
        """All of them, whenever two more partitions are done."""
        while not stop.wait(0.01):
            if len(list(spec.storage.names())) > len(killed):
                pids = [w.process.pid for w, job in list(engine.jobs.items()) if job]
                for pid in filter(None, pids):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    killer = Thread(target=kill_workers)
    killer.start()
    try:
        run_corpus(Corpus(source, partition_size=10), spec, engine)
    finally:
        stop.set()
        killer.join()
    assert len(killed) > 3
    died = log_events(spec.storage.folder).count("worker died")
    assert 0 < died <= len(killed)  # some had written their results, and only not said so
    assert entities(spec.storage.folder) == undisturbed(rows)
    assert ids(spec.storage.folder, "documents") == [row["id"] for row in rows]
    assert ids(spec.storage.folder, "failures") == []


def drive(source: Path, spec: RunSpec) -> None:
    """A whole run, in a process of its own."""
    run_corpus(Corpus(source, partition_size=4), spec, LocalEngine(spec, n_workers=2), resume=True)


def test_driver_that_is_killed_and_resumed(spec: RunSpec, tmp_path: Path) -> None:
    rows = texts(*(f"slow {i}" for i in range(100)))
    source = write_lines(tmp_path / "in.jsonl", rows)
    context = multiprocessing.get_context("forkserver")
    before: dict[str, int] = {}
    for kill in (True, True, True, False):
        started = len(before)
        driver = context.Process(target=drive, args=(source, spec))
        driver.start()
        assert driver.pid is not None
        while kill and len(list(spec.storage.names())) < started + 2:
            time.sleep(0.01)
        if kill:
            os.kill(driver.pid, signal.SIGKILL)
        driver.join()
        after = {p.name: p.stat().st_ino for p in spec.storage.parts.glob("part-*")}
        assert before.items() <= after.items()  # what is finished is not done again
        before = after
    assert driver.exitcode == 0
    assert entities(spec.storage.folder) == undisturbed(rows)
    assert ids(spec.storage.folder, "documents") == [row["id"] for row in rows]
    assert ids(spec.storage.folder, "failures") == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="is for Linux")
def test_shared_file_is_one_for_all_processes_and_leaves_nothing() -> None:
    with shared_file() as path:
        assert path is not None
        code = f"import pathlib; pathlib.Path({str(path)!r}).write_bytes(b'weights')"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert path.read_bytes() == b"weights"
    assert not path.exists()


def test_pipeline_that_cannot_be_loaded_is_said_once(spec: RunSpec, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    for config, message in (
        (AnnotatorConfig(spec.config.pipeline, {"labels": ["drug"]}, spec.config.code), "GB-E057"),
        (AnnotatorConfig(spec.config.pipeline), r"(?s)E002.*faulty"),
    ):
        broken = RunSpec(config, Storage(tmp_path / f"out-{len(config.options)}", "jsonl"))
        with pytest.raises(ValueError, match=message):
            run_corpus(Corpus(source), broken, LocalEngine(broken, n_workers=2))


def test_workers_that_die_while_they_load_end_the_run(spec: RunSpec, tmp_path: Path) -> None:
    code = tmp_path / "dies.py"
    code.write_text("import os\nos._exit(7)\n")
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    broken = RunSpec(AnnotatorConfig(code=code), spec.storage)
    with pytest.raises(ValueError, match=r"GB-E104.*3 worker processes in a row died.*exit code 7"):
        run_corpus(Corpus(source), broken, LocalEngine(broken))
    assert not multiprocessing.active_children()
