"""Corpora at scale. Each command prints its figures and writes scale-COMMAND.json to `--results`.

    python -m benchmarks.scale.runs COMMAND --corpora FOLDER [--documents N]

- compare: the local engine, Ray and Spark, with equal tables and their memory.
- memory: a million short texts without growth of memory.
- workers: two workers, and one of two threads, beside one; with CPU seconds a document.
- overhead: the engine's own time for a document.
- reading: the rate of the one process that reads the corpus.

`compare` needs the extras ray and spark, and Java. `compare` and `memory` plot memory over time.
The exit status is not 0 if tables differ or memory grows.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, make_parser, write_results
from benchmarks.scale.engines import rate, read_all, run_command, run_local, run_plain
from benchmarks.scale.memory import MemorySampler, plot, summarize
from benchmarks.scale.tables import compare, entity_table
from benchmarks.scale.texts import (
    ABSTRACTS,
    SENTENCES,
    read_corpus,
    read_documents,
    write_corpus,
    write_pubmed,
    write_trivial_pipeline,
)
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig

ENGINES = ("local", "ray", "spark")
FEW_LABELS = "gene or protein,cell type"
LABELS = ("disease", "chemical", "gene or protein", "species", "cell line")
DOCUMENTS = {
    "compare": 50_000,
    "memory": 1_000_000,
    "workers": 3_000,
    "overhead": 1_024,
    "reading": 20_000,
}
# Documents of a partition.
SIZES = {"compare": 500, "memory": 5_000, "workers": 20, "overhead": 128}
# Workers and threads of each.
WORKERS = {"one_worker": (1, 1), "two_workers": (2, 1), "one_worker_of_two_threads": (1, 2)}
MAX_GROWTH = {"workers": 16.0, "driver": 64.0}  # MiB; the driver keeps 16 bytes for each id
MIN_SAMPLES = 30  # a shorter run says nothing about growth; there is one sample a second


def compare_engines(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """Run the same corpus on all engines, with two workers of one thread each.

    corpora (Path): The folder of corpora.
    n (int): Documents.
    results (Path): Folder for the plot.
    folder (Path): Folder for temporary files.
    RETURNS (dict[str, Any]): The figures.
    """
    texts = read_documents(corpora, SENTENCES, sentences=True)
    source = write_corpus(folder / "corpus.jsonl.gz", texts, n)
    options = {"labels": FEW_LABELS, "precision": "float32"}
    runs, tables, samples = {}, {}, {}
    for engine in ENGINES:
        size = {} if engine == "spark" else {"partition-size": str(SIZES["compare"])}
        output = folder / engine
        seconds, samples[engine] = run_command(
            engine, source, output, {**options, **size}, workers=2
        )
        rate = {"seconds": round(seconds, 1), "documents_per_second": round(n / seconds, 1)}
        runs[engine] = {**rate, **summarize(samples[engine])}
        tables[engine] = entity_table(engine, output)
        print(f"{engine}: {seconds:.0f} s", flush=True)
    plot(results / "scale-compare.png", samples)
    differences = {name: compare(tables["local"], tables[name]) for name in ENGINES[1:]}
    n_rows = len(tables["local"])
    return {"entities": n_rows, "largest_score_difference": differences, "engines": runs}


def watch_memory(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """Run short texts through the local engine with a trivial pipeline. See `compare_engines`."""
    texts = read_documents(corpora, SENTENCES, sentences=True)
    source = write_corpus(folder / "corpus.jsonl.gz", texts, n)
    config = AnnotatorConfig(write_trivial_pipeline(folder / "trivial"))
    with MemorySampler(os.getpid(), "local", seconds=1.0) as sampler:
        size = min(SIZES["memory"], n // 10)
        times = run_local(source, folder / "out", config, workers=1, size=size).times
    plot(results / "scale-memory.png", {f"{n:,} texts": sampler.samples})
    loaded = times[0][0] - sampler.started
    samples = [sample for sample in sampler.samples if sample["seconds"] > loaded]
    figures = {"documents_per_second": round(rate(times, 1), 1), **summarize(samples)}
    found = figures["growth_mib"]
    grown = {name: found[name] for name, maximum in MAX_GROWTH.items() if found[name] > maximum}
    if grown and len(samples) >= MIN_SAMPLES:
        raise SystemExit(f"memory grew by {grown} MiB")
    return figures


def compare_workers(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """Run the packaged model with one worker, with two, and with one of two threads. See
    `compare_engines`.
    """
    texts = read_documents(corpora, ABSTRACTS, sentences=False)
    source = write_corpus(folder / "corpus.jsonl.gz", texts, n)
    config = AnnotatorConfig(options={"labels": list(LABELS)})
    figures: dict[str, Any] = {}
    for name, (workers, threads) in WORKERS.items():
        size, output = SIZES["workers"], folder / name
        run = run_local(source, output, config, workers=workers, size=size, threads=threads)
        figures[f"{name}_per_second"] = round(rate(run.times, workers), 2)
        figures[f"{name}_cpu_seconds"] = round(run.cpu_rate(), 4)
    one = figures["one_worker_per_second"]
    n_bytes = sum(path.stat().st_size for path in (folder / "one_worker").rglob("*.*"))
    return {
        **figures,
        "ratio": round(figures["two_workers_per_second"] / one, 3),
        "ratio_of_threads": round(figures["one_worker_of_two_threads_per_second"] / one, 3),
        "output_bytes_per_document": round(n_bytes / n, 1),
    }


def measure_overhead(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """Run one worker, and `nlp.pipe` in this process before and after it, one thread each.

    Once with the packaged model and once with a trivial pipeline. See `compare_engines`.
    """
    trivial = write_trivial_pipeline(folder / "trivial")
    runs = {
        "packaged": (AnnotatorConfig(options={"labels": list(LABELS)}), n, SIZES["overhead"]),
        "trivial": (AnnotatorConfig(trivial), 20 * n, 1_000),
    }
    figures: dict[str, Any] = {}
    for name, (config, count, size) in runs.items():
        texts = read_documents(corpora, ABSTRACTS, sentences=False)
        source = write_corpus(folder / f"{name}.jsonl.gz", texts, count)
        before = run_plain(read_corpus(source), config)
        output = folder / f"out-{name}"
        times = run_local(source, output, config, workers=1, size=min(size, count // 4)).times
        after = run_plain(read_corpus(source), config)
        plain, engine = (before + after) / 2, 1 / rate(times, 1)
        figures[name] = {
            "nlp_pipe_ms": [round(1000 * value, 3) for value in (before, after)],
            "engine_ms": round(1000 * engine, 3),
            "overhead_ms": round(1000 * (engine - plain), 3),
            "overhead_share": round(engine / plain - 1, 4),
        }
    share = figures["trivial"]["overhead_ms"] / figures["packaged"]["engine_ms"]
    return {**figures, "trivial_overhead_as_share_of_packaged": round(share, 4)}


def measure_reading(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """Measure how fast abstracts are read, checked and pickled. See `compare_engines`."""
    writers = {"corpus.jsonl.gz": write_corpus, "corpus.xml.gz": write_pubmed}
    figures = {}
    for name, write in writers.items():
        source = write(folder / name, read_documents(corpora, ABSTRACTS, sentences=False), n)
        figures[name.partition(".")[2]] = {"documents_per_second": round(n / read_all(source), 1)}
    return figures


COMMANDS = {
    "compare": compare_engines,
    "memory": watch_memory,
    "workers": compare_workers,
    "overhead": measure_overhead,
    "reading": measure_reading,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, run, print and write."""
    parser = make_parser(__doc__, output=False)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--documents", type=int, help="number of documents")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args(argv)
    name = arguments.command
    arguments.documents = arguments.documents or DOCUMENTS[name]
    arguments.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        figures = COMMANDS[name](
            arguments.corpora, arguments.documents, arguments.results, Path(folder)
        )
    figures = {"documents": arguments.documents, **figures}
    print(json.dumps(figures, indent=1))
    write_results(arguments.results / f"scale-{name}.json", figures, arguments)


if __name__ == "__main__":
    main()
