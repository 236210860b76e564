"""A pipeline that finds one word, corpora of short texts, and what a run left behind."""

import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import spacy

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from tests.distributed import faults

FAULTS = Path(faults.__file__)


@pytest.fixture(scope="session")
def trivial(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a pipeline that finds "aspirin", and fails where a text says so."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "aspirin"}])  # type: ignore[attr-defined]
    nlp.add_pipe("faulty")
    folder = tmp_path_factory.mktemp("trivial")
    nlp.to_disk(folder)
    return str(folder)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def texts(*wanted: str) -> list[dict[str, str]]:
    """Rows with ids d0, d1, ...; each text names aspirin."""
    return [{"id": f"d{i}", "text": f"aspirin {text}"} for i, text in enumerate(wanted)]


@pytest.fixture
def spec(tmp_path: Path, trivial: str) -> RunSpec:
    """Work with the trivial pipeline that writes JSON lines to the folder "out"."""
    config = AnnotatorConfig(trivial, code=FAULTS, batch_size=4)
    return RunSpec(config, Storage(tmp_path / "out", "jsonl"), patience=30)


@pytest.fixture
def annotate(spec: RunSpec, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the local engine on rows, and returns the manifest."""

    def run(
        rows: Iterable[dict[str, Any]],
        spec: RunSpec = spec,
        size: int = 8,
        workers: int = 1,
        resume: bool = False,
    ) -> dict[str, Any]:
        path = tmp_path / "in.jsonl"
        if not path.exists():
            write_lines(path, rows)
        corpus = Corpus(path, partition_size=size)
        return run_corpus(corpus, spec, LocalEngine(spec, n_workers=workers), resume=resume)

    return run


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a table of JSON lines, of all partitions in their order."""
    parts = sorted((folder / "parts").glob("part-*"))
    lines = [line for part in parts for line in (part / f"{name}.jsonl").read_text().splitlines()]
    return [json.loads(line) for line in lines]


def entities(folder: Path) -> list[tuple[Any, ...]]:
    return [(row["document"], row["start"], row["text"]) for row in table(folder, "entities")]


def ids(folder: Path, name: str) -> list[str]:
    return [row["id"] for row in table(folder, name)]


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """End a test that hangs; a cluster may wait for ever."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def killing(folder: Path, storage: Storage, *, most: int) -> Iterator[list[int]]:
    """Kill the processes that are named in a folder, again and again.

    One dies each time that a further partition is there, so that the run gets on.

    most (int): Of them.
    """
    folder.mkdir()
    stop, killed = Event(), list[int]()

    def kill() -> None:
        while len(killed) < most and not stop.wait(0.02):
            victims = list(folder.iterdir())
            if victims and len(list(storage.names())) >= len(killed):
                victims[0].unlink()
                os.kill(int(victims[0].name), signal.SIGKILL)
                killed.append(int(victims[0].name))

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()
