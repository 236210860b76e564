"""Run the engines: in this process with the time of each partition, or as a command."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import psutil
import torch

from benchmarks.common import child_environment, module_command
from benchmarks.scale.memory import MemorySampler
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.events import Event, Finished
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from spacy_gliner_biomed.documents.pipelines import configure, get_pipeline

BATCH = 64
Times: TypeAlias = list[tuple[float, int]]


class TimedEngine:
    """The local engine, with the time at which each partition was finished.

    `cpu_seconds` is what the workers had used until then, all together.
    """

    def __init__(self, spec: RunSpec, n_workers: int) -> None:
        self.engine = LocalEngine(spec, n_workers=n_workers)
        self.times: Times = []
        self.cpu_seconds: list[float] = []

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Yield the engine's events."""
        for event in self.engine.run(partitions):
            if isinstance(event, Finished):
                self.times.append((time.perf_counter(), event.counts["documents"]))
                pids = [worker.process.pid for worker in self.engine.jobs]
                used = [psutil.Process(pid).cpu_times() for pid in pids]
                self.cpu_seconds.append(sum(each.user + each.system for each in used))
            yield event

    def cpu_rate(self) -> float:
        """Compute CPU seconds for each document, over the span of `rate`."""
        first = self.engine.n_workers - 1
        documents = sum(n for _, n in self.times[first + 1 :])
        return (self.cpu_seconds[-1] - self.cpu_seconds[first]) / documents


def run_local(
    source: Path,
    output: Path,
    config: AnnotatorConfig,
    *,
    workers: int,
    size: int,
    threads: int = 1,
) -> TimedEngine:
    """Run the local engine.

    source (Path): The corpus.
    output (Path): The folder to write to.
    config (AnnotatorConfig): The pipeline and its settings.
    workers (int): Number of workers.
    size (int): Documents of a partition.
    threads (int): Threads of each worker.
    RETURNS (TimedEngine): When each partition was finished, and its documents.
    """
    spec = RunSpec(config, Storage(output, "parquet"), threads=threads)
    engine = TimedEngine(spec, workers)
    run_corpus(Corpus(source, partition_size=size), spec, engine)
    return engine


def rate(times: Times, workers: int) -> float:
    """Compute documents a second, from when each worker has finished its first partition."""
    (first, _), (last, _) = times[workers - 1], times[-1]
    return sum(n for _, n in times[workers:]) / (last - first)


def read_all(source: Path) -> float:
    """Read a corpus, cut it into partitions and pickle them. RETURNS (float): Seconds."""
    started = time.perf_counter()
    for partition in Corpus(source).partitions():
        pickle.dumps(partition)
    return time.perf_counter() - started


def run_plain(texts: list[str], config: AnnotatorConfig) -> float:
    """Run `nlp.pipe` in this process with one thread, after a warm-up.

    texts (list[str]): The texts.
    config (AnnotatorConfig): The pipeline and its settings.
    RETURNS (float): Seconds for each document.
    """
    torch.set_num_threads(1)
    nlp = get_pipeline(config.pipeline, lang="en", checkpoint=None, revision=None)
    if config.options:
        configure(nlp, config.options)
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
    """Run an engine as a command, with one thread for each worker.

    engine (str): "local", "ray" or "spark".
    source (Path): The corpus.
    output (Path): The folder to write to.
    options (dict[str, str]): Options of annotate-corpus.
    workers (int): Number of workers.
    RETURNS (tuple[float, list[dict[str, float]]]): Seconds with start-up, and samples of memory.
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
