"""Corpora at scale: documents a second, the engine's own cost, memory over the run.

    python benchmarks/scale.py --corpora CORPORA [--documents 50000] [--workers 1 2]

The texts are those of the corpora, over and over with new ids. Each number of workers is a run of
`annotate-corpus`; before them, plain `nlp.pipe` in one process with one thread is measured on the
first documents. With `--pipeline trivial` a pipeline without a network shows the engine alone.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import spacy
import torch

PLAIN_SHARE = 0.1  # of the documents that plain nlp.pipe is measured on


def texts(corpora: Path, names: list[str]) -> Iterator[str]:
    """The texts of corpora, for ever."""
    paths = [path for name in names for path in sorted((corpora / name).glob("*.jsonl.gz"))]
    for path in cycle(paths):
        with gzip.open(path, "rt", encoding="utf8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def write_corpus(path: Path, contents: Iterator[str]) -> None:
    """JSON lines with new ids."""
    with gzip.open(path, "wt", encoding="utf8", compresslevel=1) as stream:
        for i, text in enumerate(contents):
            stream.write(json.dumps({"id": f"doc{i}", "text": text}) + "\n")


def trivial_pipeline(folder: Path) -> str:
    """A pipeline that costs next to nothing."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "WORD", "pattern": "the"}])  # type: ignore[attr-defined]
    nlp.to_disk(folder / "trivial")
    return str(folder / "trivial")


def measure_plain(pipeline: str, path: Path, n: int) -> float:
    """Seconds for each document with `nlp.pipe`, without reading and loading."""
    torch.set_num_threads(1)
    if pipeline == "packaged":
        nlp = spacy.blank("en")
        nlp.add_pipe("gliner_biomed", config={"alignment": "split"})
    else:
        nlp = spacy.load(pipeline)
    with gzip.open(path, "rt", encoding="utf8") as lines:
        contents = [json.loads(line)["text"] for line in islice(lines, n)]
    list(nlp.pipe(contents[:64], batch_size=64))
    started = time.perf_counter()
    for start in range(0, len(contents), 64):
        with nlp.memory_zone():
            list(nlp.pipe(contents[start : start + 64], batch_size=64))
    return (time.perf_counter() - started) / len(contents)


class MemorySampler:
    """Samples the unshared memory of a process and of those that it started, in MiB."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.process = psutil.Process(pid)
        self.seconds = seconds
        self.samples: list[dict[str, float]] = []
        self.stop = Event()
        self.thread = Thread(target=self._run)
        self.started = time.perf_counter()
        self.thread.start()

    def _run(self) -> None:
        while not self.stop.wait(self.seconds):
            try:
                children = self.process.children(recursive=True)
                sizes = [p.memory_full_info().uss / 2**20 for p in (self.process, *children)]
            except psutil.Error:
                continue
            at = time.perf_counter() - self.started
            sample = {"seconds": at, "driver": sizes[0], "workers": max(sizes[1:], default=0)}
            self.samples.append({key: round(value, 1) for key, value in sample.items()})

    def finish(self) -> list[dict[str, float]]:
        """The samples."""
        self.stop.set()
        self.thread.join()
        return self.samples


def run(source: Path, output: Path, pipeline: str, workers: int, options: list[str]) -> Any:
    """One run of the command."""
    command = [sys.executable, "-m", "spacy", "gliner", "annotate-corpus", str(source), str(output)]
    command += ["--pipeline", pipeline, "--workers", str(workers), "--format", "jsonl", *options]
    process = subprocess.Popen([*command, "--quiet"])
    sampler = MemorySampler(process.pid, 2.0)
    status = process.wait()
    samples = sampler.finish()
    if status:
        raise SystemExit(f"annotate-corpus failed with {status}")
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf8"))
    log = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return {
        "workers": workers,
        "documents": manifest["counts"]["documents"],
        "entities": manifest["counts"]["entities"],
        "seconds": manifest["runs"][-1]["seconds"],
        "partitions": sum(event["event"] == "finished" for event in log),
        "memory": samples,
    }


def table_of(output: Path) -> list[bytes]:
    """All entities of a run, sorted."""
    paths = output.glob("parts/*/entities.jsonl")
    return sorted(line for path in paths for line in path.read_bytes().splitlines())


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--names", nargs="+", default=["bc5cdr", "ncbi_disease", "nlm_gene"])
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--characters", type=int, help="cut texts, for many short ones")
    parser.add_argument("--pipeline", default="packaged", help="or trivial, or a folder")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--options", nargs="*", default=[], help="more for annotate-corpus")
    parser.add_argument("--output", type=Path, help="JSON with all figures and memory samples")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    source, n = folder / "corpus.jsonl.gz", arguments.documents
    contents = (t[: arguments.characters] for t in texts(arguments.corpora, arguments.names))
    write_corpus(source, islice(contents, n))
    trivial = arguments.pipeline == "trivial"
    pipeline = trivial_pipeline(folder) if trivial else arguments.pipeline
    plain = measure_plain(pipeline, source, max(64, int(n * PLAIN_SHARE)))
    print(f"nlp.pipe, 1 thread: {1000 * plain:.3f} ms/document, {1 / plain:,.1f} documents/s")
    results: dict[str, Any] = {"documents": n, "plain_seconds": plain, "runs": []}
    for workers in arguments.workers:
        threads = ["--threads", "1"]
        found = run(
            source, folder / f"out-{workers}", pipeline, workers, threads + arguments.options
        )
        results["runs"].append(found)
        each = found["seconds"] / n
        print(
            f"{workers} workers: {found['seconds']:.1f} s, {1 / each:,.1f} documents/s, "
            f"{1000 * (each * workers - plain):+.3f} ms of a worker's time/document over nlp.pipe "
            f"({100 * (each * workers / plain - 1):+.1f} %)"
        )
        for name in ("driver", "workers"):
            values = [sample[name] for sample in found["memory"]]
            thirds = (
                [values[len(values) * i // 10] for i in (1, 5, 9)] if len(values) > 9 else values
            )
            print(
                f"  {name}: MiB at 10, 50, 90 % of the run {thirds}, most {max(values, default=0)}"
            )
    tables = [table_of(folder / f"out-{workers}") for workers in arguments.workers]
    results["equal"] = all(table == tables[0] for table in tables)
    print(f"entity tables equal: {results['equal']} ({len(tables[0]):,} entities)")
    if arguments.output:
        arguments.output.write_text(json.dumps(results), encoding="utf8")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
