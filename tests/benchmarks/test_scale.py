"""Benchmarks of scale: few documents, and the trivial pipeline or the packaged model."""

import gzip
import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common import read_results
from benchmarks.scale import long_document, runs, worker_memory
from benchmarks.scale.engines import rate
from benchmarks.scale.memory import MemorySampler, growth, summarize
from benchmarks.scale.tables import compare
from benchmarks.scale.texts import read_documents
from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER
from tests.benchmarks.conftest import strings


@pytest.fixture
def run(corpora: Path, tmp_path: Path) -> Any:
    """Run a command; returns its results."""

    def run_command(command: str, documents: int) -> Any:
        asked = [command, "--corpora", corpora, "--documents", documents, "--results", tmp_path]
        runs.main(strings(*asked))
        return read_results(tmp_path / f"scale-{command}.json")

    return run_command


def test_reading(run: Any) -> None:
    found = run("reading", 30)
    assert found["documents"] == 30
    assert found["jsonl.gz"]["documents_per_second"] > 0
    assert found["xml.gz"]["documents_per_second"] > 0


def test_files_without_texts_are_not_read(corpora: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(corpora / "bc5cdr", tmp_path / "bc5cdr"))
    expected = list(islice(read_documents(tmp_path, ["bc5cdr"], sentences=False), 20))
    relations = b'{"id": "1", "split": "dev", "relations": []}\n'
    (folder / "relations.jsonl.gz").write_bytes(gzip.compress(relations))
    assert list(islice(read_documents(tmp_path, ["bc5cdr"], sentences=False), 20)) == expected


@pytest.mark.slow
def test_memory(run: Any, tmp_path: Path) -> None:
    found = run("memory", 100)
    assert found["documents_per_second"] > 0
    assert set(found["growth_mib"]) == {"driver", "workers", "rest"}
    assert (tmp_path / "scale-memory.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["workers", "overhead"])
def test_the_packaged_model(run: Any, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    monkeypatch.setitem(runs.SIZES, command, 1)
    found = run(command, 6)
    assert found["documents"] == 6
    if command == "workers":
        assert found["ratio"] > 0
        assert found["ratio_of_threads"] > 0
        assert found["two_workers_cpu_seconds"] > 0
    else:
        assert found["trivial"]["engine_ms"] > 0


@pytest.mark.slow
def test_worker_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    monkeypatch.setattr(worker_memory, "METHODS", ("mapped",))
    worker_memory.main(strings("--workers", 1, "--results", tmp_path))
    found = read_results(tmp_path / "scale-worker-memory.json")["mapped-1"]
    assert found["rss_of_one"] >= found["pss_of_all"] >= found["uss_of_one"] > 0


@pytest.mark.slow
def test_compare(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    pytest.importorskip("pyspark", reason="needs the extra 'spark'")
    if not shutil.which("java"):
        pytest.skip("needs Java")
    monkeypatch.setitem(runs.SIZES, "compare", 10)
    found = run("compare", 20)
    assert set(found["largest_score_difference"]) == {"ray", "spark"}


@pytest.mark.filterwarnings("ignore")  # a random model cuts tokens, and a text is cut
def test_a_long_document(checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--characters", 2000, "--checkpoint", checkpoint, "--output", tmp_path / "out.json"]
    long_document.main(strings(*asked))
    found = read_results(tmp_path / "out.json")
    assert found["characters"] == 2000
    assert found["windows"] > 1
    assert found["peak_mib"] >= found["peak_mib_before"]


def test_a_rate_starts_when_each_worker_has_finished_a_partition() -> None:
    times = [(10.0, 5), (11.0, 5), (12.0, 4), (13.0, 6)]
    assert rate(times, 1) == 15 / 3
    assert rate(times, 2) == 10 / 2


def test_growth_is_from_the_second_fifth_to_the_last() -> None:
    samples = [
        {"driver": float(i), "workers": 1.0, "rest": 0.0, "seconds": float(i)} for i in range(10)
    ]
    assert growth(samples, "driver") == 8.5 - 2.5
    assert summarize(samples)["most_mib"] == {"driver": 9.0, "workers": 1.0, "rest": 0.0}
    assert growth(samples[:1], "driver") == 0.0


def test_memory_is_sampled() -> None:
    with MemorySampler(os.getpid(), "local", seconds=0.01) as sampler:
        while not sampler.samples:
            pass
    assert sampler.samples[0]["driver"] > 0


def test_tables_are_compared() -> None:
    row = dict.fromkeys(("document", "start", "end", "text", "label", "concept_id"), "a")
    assert compare([{**row, "score": 0.5}], [{**row, "score": 0.5}]) == 0.0
    with pytest.raises(SystemExit, match=r"scores differ by 0\.25"):
        compare([{**row, "score": 0.5}], [{**row, "score": 0.75}])
    with pytest.raises(SystemExit, match="differ in 2 rows"):
        compare([{**row, "score": 0.5}], [{**row, "text": "b", "score": 0.5}])
