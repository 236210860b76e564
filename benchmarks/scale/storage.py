"""Runs on an S3 server whose driver and workers are killed, beside a run in a folder.

    python -m benchmarks.scale.storage [--documents N] [--kills N]

Starts moto's server on this machine, annotates short made-up texts with a trivial pipeline, and
writes scale-storage.json to `--results`. The exit status is not 0 if an id is missing or repeated,
or if a table differs from that of the folder.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import RESULTS, write_results
from benchmarks.scale.texts import write_trivial_pipeline
from spacy_gliner_biomed.common.object_store import ObjectStore
from spacy_gliner_biomed.corpus import read_table
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import COLUMNS

BUCKET = "benchmark"
SIZE = 500  # documents of a partition
WORKERS = 2
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's server; give its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def annotate(source: str, output: str, pipeline: str) -> subprocess.Popen[bytes]:
    """Start the command."""
    options = ["--pipeline", pipeline, "--workers", str(WORKERS), "--partition-size", str(SIZE)]
    options += ["--format", "parquet", "--resume", "--quiet"]
    command = [sys.executable, "-m", "spacy", "gliner", "annotate-corpus", source, output]
    return subprocess.Popen([*command, *options])


def run_with_kills(source: str, storage: Storage, pipeline: str, kills: int) -> dict[str, int]:
    """Run the command again and again until one is not killed.

    source (str): The corpus.
    storage (Storage): The output.
    pipeline (str): The folder of the pipeline.
    kills (int): How often a worker and then the driver is killed.
    RETURNS (dict[str, int]): How many were killed.
    """
    killed = {"drivers": 0, "workers": 0}
    while True:
        driver = annotate(source, storage.folder, pipeline)
        done = len(list(storage.names()))
        while driver.poll() is None and killed["drivers"] < kills:
            time.sleep(0.2)
            new = len(list(storage.names())) - done
            if new >= 2 and killed["workers"] <= killed["drivers"]:
                killed["workers"] += kill_worker(driver.pid)
            if new >= 5:
                driver.kill()
                killed["drivers"] += 1
                break
        if driver.wait() == 0:
            return killed
        if driver.returncode != -9:
            raise SystemExit(f"the command ended with {driver.returncode}")


def kill_worker(driver: int) -> int:
    """Kill one of the worker processes, which are children of the fork server."""
    found = [
        child
        for child in psutil.Process(driver).children(recursive=True)
        if child.ppid() != driver and "forkserver" in " ".join(child.cmdline())
    ]
    if found:
        random.choice(found).kill()
    return min(len(found), 1)


def compare(url: str, folder: Path, n: int) -> dict[str, int]:
    """Compare the tables of both runs. RETURNS (dict[str, int]): The rows of each table."""
    rows = {}
    for table in COLUMNS:
        there, here = list(read_table(url, table)), list(read_table(folder, table))
        if there != here:
            raise SystemExit(f"the tables {table} differ")
        rows[table] = len(there)
    ids = [row["id"] for row in read_table(url, "documents")]
    if len(ids) != n or len(set(ids)) != n:
        raise SystemExit(f"{len(ids)} rows and {len(set(ids))} ids of {n} documents")
    return rows


def run(n: int, kills: int, folder: Path) -> dict[str, Any]:
    """Run both. RETURNS (dict[str, Any]): The figures."""
    lines = (json.dumps({"id": f"d{i}", "text": f"Text {i}: the dose of it."}) for i in range(n))
    (folder / "in.jsonl").write_text("\n".join(lines))
    pipeline = write_trivial_pipeline(folder / "pipeline")
    if annotate(str(folder / "in.jsonl"), str(folder / "out"), pipeline).wait():
        raise SystemExit("the run in a folder failed")
    with s3_server() as server:
        os.environ |= {**KEYS, "AWS_ENDPOINT_URL": server}
        store = ObjectStore(f"s3://{BUCKET}")
        store._fs.mkdir(BUCKET)
        store.write("in.jsonl", (folder / "in.jsonl").read_bytes())
        storage = Storage(f"s3://{BUCKET}/out", "parquet")
        started = time.perf_counter()
        killed = run_with_kills(f"s3://{BUCKET}/in.jsonl", storage, pipeline, kills)
        seconds = time.perf_counter() - started
        rows = compare(storage.folder, folder / "out", n)
    return {"documents": n, "killed": killed, "rows": rows, "seconds": round(seconds, 1)}


def main() -> None:
    """Read the arguments, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000, help="number of documents")
    parser.add_argument("--kills", type=int, default=3, help="drivers that are killed")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        figures = run(arguments.documents, arguments.kills, Path(folder))
    print(json.dumps(figures, indent=1))
    write_results(arguments.results / "scale-storage.json", figures, arguments)


if __name__ == "__main__":
    main()
