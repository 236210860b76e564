"""Load the service with short notes from many clients, and compare it with `nlp.pipe`.

python -m benchmarks.service.load --output benchmarks/results/service-cpu.json
"""

import gzip
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import spacy
from spacy.language import Language

from benchmarks.common import ROOT, child_environment, make_parser, write_results
from benchmarks.speed.texts import cut

NOTES = ROOT / "data" / "everyday_synth" / "dev.jsonl.gz"
LABELS = ["disease", "symptom", "drug", "dosage", "anatomical structure", "lab test"]
N_WORDS = 60  # of a note; the rest is left out
MEMORY, CPU = "process_resident_memory_bytes", "process_cpu_seconds_total"
INTERVAL = 5.0  # seconds between two readings of the memory
# Words of the texts of the warm-up: every number of rows of a forward pass occurs.
LENGTHS = range(8, 700, 11)


def read_notes(count: int) -> list[str]:
    """Read different short notes of the repository's data; repeated if there are fewer."""
    with gzip.open(NOTES, "rt", encoding="utf8") as lines:
        notes = [cut(json.loads(line)["text"], N_WORDS)[0] for line in islice(lines, count)]
    return [notes[i % len(notes)] for i in range(count)]


def pipe_rate(nlp: Language, texts: Sequence[str], labels: Sequence[str]) -> tuple[float, float]:
    """Measure the documents a second of `nlp.pipe`, and a second of the CPU, after a warm-up."""
    options = {"gliner_biomed": {"labels": list(labels)}}
    list(nlp.pipe(texts[:4], component_cfg=options))
    started, cpu = time.perf_counter(), time.process_time()
    list(nlp.pipe(texts, component_cfg=options))
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    return len(texts) / elapsed, len(texts) / cpu


def run_load(
    url: str, nlp: Language, *, seconds: float, n_clients: int, n_texts: int
) -> dict[str, Any]:
    """Load a service, and compare it with `nlp.pipe` on the same texts.

    url (str): The service's address.
    nlp (Language): The same pipeline.
    seconds (float): Duration of the load.
    n_clients (int): Clients, each with one request at a time.
    n_texts (int): Different notes.
    RETURNS (dict[str, Any]): Documents a second of both, their ratio, latencies, and the service's
        memory at the start, every few seconds and at the end.
    """
    texts = read_notes(n_texts)
    alone, alone_cpu = pipe_rate(nlp, texts, LABELS)
    ask_many(url, texts, seconds=min(seconds, 2), n_clients=n_clients)  # warm-up
    before = read_metrics(url)
    with memory_series(url) as memory:
        times, failed, elapsed = ask_many(url, texts, seconds=seconds, n_clients=n_clients)
    after = read_metrics(url)
    rate, cpu_rate = len(times) / elapsed, len(times) / (after[CPU] - before[CPU])
    return {
        "clients": n_clients,
        "seconds": round(elapsed, 2),
        "requests": len(times),
        "failed": failed,
        "service_docs_per_s": round(rate, 2),
        "pipe_docs_per_s": round(alone, 2),
        "ratio": round(rate / alone, 3),
        "service_docs_per_cpu_s": round(cpu_rate, 2),
        "pipe_docs_per_cpu_s": round(alone_cpu, 2),
        # Of the server's process alone, it does not depend on what else the machine does.
        "cpu_ratio": round(cpu_rate / alone_cpu, 3),
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p99_ms": round(1000 * sorted(times)[int(0.99 * len(times))], 1),
        "memory_mib": memory,
    }


def warm_up(url: str, labels: Sequence[str] = LABELS) -> None:
    """Ask for texts of all lengths. oneDNN compiles a kernel for each number of rows and keeps it,
    so memory grows until each has occurred.
    """
    words = " ".join(read_notes(100)).split()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    for n in LENGTHS:
        post(connection, " ".join(words[n : 2 * n]), labels)
    connection.close()


def post(connection: http.client.HTTPConnection, text: str, labels: Sequence[str] = LABELS) -> int:
    """Ask for the entities of a text; returns the status."""
    body = json.dumps({"text": text, "labels": list(labels)})
    connection.request("POST", "/annotate", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    return reply.status


def ask_many(
    url: str, texts: Sequence[str], *, seconds: float, n_clients: int
) -> tuple[list[float], int, float]:
    """Ask from many threads.

    RETURNS (tuple[list[float], int, float]): Seconds of each request that was answered, the number
        of the others, and the seconds of all.
    """
    times: list[float] = []
    failed: list[int] = []
    started = time.perf_counter()

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        number = first
        while time.perf_counter() < started + seconds:
            text = texts[number % len(texts)]
            number += n_clients
            begun = time.perf_counter()
            status = post(connection, text)
            if status == 200:
                times.append(time.perf_counter() - begun)
            else:
                failed.append(status)
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(failed), time.perf_counter() - started


def read_metrics(url: str) -> dict[str, float]:
    """Return the memory (bytes) and the time of the CPU (seconds) of a service."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    pairs = (line.split() for line in lines if line.startswith((f"{MEMORY} ", f"{CPU} ")))
    return {name: float(value) for name, value in pairs}


@contextmanager
def memory_series(url: str) -> Iterator[list[int]]:
    """Read a service's memory (MiB) now, every few seconds, and at the end."""
    readings: list[int] = []
    ended = threading.Event()

    def read() -> None:
        while True:
            readings.append(round(read_metrics(url)[MEMORY] / 2**20))
            if ended.wait(INTERVAL):
                break
        readings.append(round(read_metrics(url)[MEMORY] / 2**20))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield readings
    finally:
        ended.set()
        thread.join()


@contextmanager
def service_process(*arguments: str) -> Iterator[str]:
    """Run `spacy gliner serve` on a free port, and give its address."""
    words = [sys.executable, "-m", "spacy", "gliner", "serve", "--port", "0", "--quiet"]
    with subprocess.Popen(
        [*words, *arguments], stderr=subprocess.PIPE, text=True, env=child_environment()
    ) as process:
        assert process.stderr is not None
        try:
            (line,) = islice((x for x in process.stderr if x.startswith("Serving on ")), 1)
            yield line.split()[2]
        finally:
            process.terminate()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__, corpora=False, checkpoint=True)
    parser.add_argument("--seconds", type=float, default=60, help="duration of the load")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--texts", type=int, default=100, help="different notes")
    args = parser.parse_args(arguments)
    nlp = spacy.blank("en")
    config = {"alignment": "split", "model": {"checkpoint": args.checkpoint}}
    nlp.add_pipe("gliner_biomed", config=config)
    with service_process("--checkpoint", args.checkpoint) as url:
        cold = round(read_metrics(url)[MEMORY] / 2**20)
        warm_up(url)
        result = run_load(
            url, nlp, seconds=args.seconds, n_clients=args.clients, n_texts=args.texts
        )
        result["memory_before_warm_up_mib"] = cold
    for name, value in result.items():
        print(f"{name:20} {value}")
    write_results(args.output, [result], args)


if __name__ == "__main__":
    main()
