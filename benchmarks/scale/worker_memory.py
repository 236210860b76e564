"""Memory of 1, 2 and 4 workers with the packaged model, with and without what they share.

    python -m benchmarks.scale.worker_memory [--workers 1 2 4]

- mapped: as the engine starts two workers or more. They are forked from a server that has imported
  torch and spaCy, and map their weights from one file.
- forked: the same with weights of their own.
- spawned: new processes, with weights of their own.

Each worker annotates a few texts first. RSS counts what processes share in each of them; PSS
divides it between them, so that the sum of PSS is what the machine needs. Writes
scale-worker-memory.json to `--results`.
"""

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import RESULTS, write_results
from spacy_gliner_biomed.distributed import worker_process
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.local_engine import shared_file
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from spacy_gliner_biomed.distributed.worker_process import Done, Ready, WorkerProcess

MIB = 2**20
METHODS = ("mapped", "forked", "spawned")
TEXT = "Vemurafenib is used in melanoma with BRAF mutations. " * 10


def measure(n_workers: int, folder: Path, weights: Path | None) -> dict[str, Any]:
    """Start workers and let each annotate a partition.

    n_workers (int): How many.
    folder (Path): An empty folder for their results.
    weights (Path | None): A file for the weights; None for weights of their own.
    RETURNS (dict[str, Any]): MiB: RSS and USS of the largest worker, and the sum of PSS.
    """
    config = AnnotatorConfig(options={"labels": ["disease", "drug", "gene or protein"]})
    spec = RunSpec(config, Storage(folder, "jsonl"), threads=1, weights=weights)
    workers = [WorkerProcess(spec, slot, None) for slot in range(n_workers)]
    try:
        for number, worker in enumerate(workers):
            assert isinstance(worker.connection.recv(), Ready)
            records = [CorpusRecord(f"{number}-{i}", "in", TEXT) for i in range(8)]
            worker.connection.send(Partition(number, records, 0))
        for worker in workers:
            assert isinstance(worker.connection.recv(), Done)
        found = [psutil.Process(worker.process.pid).memory_full_info() for worker in workers]
    finally:
        for worker in workers:
            worker.stop()
    return {
        "rss_of_one": round(max(info.rss for info in found) / MIB),
        "uss_of_one": round(max(info.uss for info in found) / MIB),
        "pss_of_all": round(sum(info.pss for info in found) / MIB),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args(argv)
    figures: dict[str, Any] = {}
    for method in METHODS:
        if method == "spawned":
            worker_process._context = lambda: multiprocessing.get_context("spawn")
        for n in arguments.workers:
            given = shared_file() if method == "mapped" else nullcontext()
            with tempfile.TemporaryDirectory(prefix="memory-") as folder, given as weights:
                figures[f"{method}-{n}"] = measure(n, Path(folder), weights)
            print(method, n, json.dumps(figures[f"{method}-{n}"]), flush=True)
    write_results(arguments.results / "scale-worker-memory.json", figures, arguments)


if __name__ == "__main__":
    main()
