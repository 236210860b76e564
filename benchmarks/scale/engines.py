"""Runs of the engines: in this process with the time of each partition, or as a command."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import torch

from benchmarks.common import child_environment, module_command
from benchmarks.scale.memory import MemorySampler
from spacy_gliner_biomed.distributed.annotator import Plan
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.events import Event, Finished
from spacy_gliner_biomed.distributed.local import LocalEngine
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.run import run_corpus
from spacy_gliner_biomed.distributed.storage import Storage
from spacy_gliner_biomed.distributed.work import Work
from spacy_gliner_biomed.documents.pipelines import configure, get_pipeline

BATCH = 64
Times: TypeAlias = list[tuple[float, int]]


class TimedEngine:
    """The local engine, and when partitions were finished."""

    def __init__(self, work: Work, n_workers: int) -> None:
        self.engine = LocalEngine(work, n_workers=n_workers)
        self.times: Times = []

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Hand on what happens."""
        for event in self.engine.run(partitions):
            if isinstance(event, Finished):
                self.times.append((time.perf_counter(), event.counts["documents"]))
            yield event


def run_local(source: Path, output: Path, plan: Plan, *, workers: int, size: int) -> Times:
    """Run the local engine with one thread each.

    size (int): Documents of a partition.
    RETURNS (list[tuple[float, int]]): When each partition was finished, and its documents.
    """
    work = Work(plan, Storage(output, "parquet"), threads=1)
    engine = TimedEngine(work, workers)
    run_corpus(Corpus(source, partition_size=size), work, engine)
    return engine.times


def rate(times: Times, workers: int) -> float:
    """Documents a second, from when each worker has finished a partition, and so is loaded."""
    (first, _), (last, _) = times[workers - 1], times[-1]
    return sum(n for _, n in times[workers:]) / (last - first)


def read_all(source: Path) -> float:
    """Seconds to read a corpus, cut it into partitions, and make them bytes for a worker."""
    started = time.perf_counter()
    for partition in Corpus(source).partitions():
        pickle.dumps(partition)
    return time.perf_counter() - started


def run_plain(texts: list[str], plan: Plan) -> float:
    """Seconds for each document of `nlp.pipe` in this process with one thread, when it is warm."""
    torch.set_num_threads(1)
    nlp = get_pipeline(plan.pipeline, lang="en", checkpoint=None, revision=None)
    if plan.options:
        configure(nlp, plan.options)
    for part in (texts[:BATCH], texts):
        started = time.perf_counter()
        for start in range(0, len(part), BATCH):
            with nlp.memory_zone():
                for _ in nlp.pipe(part[start : start + BATCH], batch_size=BATCH):
                    pass
    return (time.perf_counter() - started) / len(texts)


def run_command(
    engine: str, source: Path, output: Path, options: dict[str, str], workers: int
) -> tuple[float, list[dict[str, float]]]:
    """Run an engine as users do, with one thread each.

    options (dict[str, str]): Of annotate-corpus.
    RETURNS (tuple[float, list[dict[str, float]]]): Seconds with start-up, and memory over them.
    """
    listed = [part for key, value in options.items() for part in (f"--{key}", value)]
    if engine == "spark":
        job = (source, output, workers, json.dumps(options))
        command = module_command("scale.spark_job", *job)
    else:
        command = [
            sys.executable,
            "-m",
            "spacy",
            "gliner",
            "annotate-corpus",
            str(source),
            str(output),
            *listed,
        ]
        command += ["--engine", engine, "--workers", str(workers), "--threads", "1", "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=child_environment())
    with MemorySampler(process.pid, engine) as sampler:
        status = process.wait()
    if status:
        raise SystemExit(f"{engine} ended with {status}")
    return time.perf_counter() - started, sampler.samples
