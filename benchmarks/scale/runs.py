"""Corpora at scale. Each subcommand prints its figures and writes scale-NAME.json to --results:

    python -m benchmarks.scale.runs compare --corpora CORPORA    local, Ray, Spark: equal tables, memory
    python -m benchmarks.scale.runs memory --corpora CORPORA     a million short texts: no growth
    python -m benchmarks.scale.runs workers --corpora CORPORA    two workers against one
    python -m benchmarks.scale.runs overhead --corpora CORPORA   the engine's own time for a document
    python -m benchmarks.scale.runs reading --corpora CORPORA    what the one reader of a run can do

`--documents N` for fewer. `compare` needs the extras ray and spark, and Java; memory is plotted
beside the figures. The exit status is not 0 if a table differs or memory grows.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
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
from spacy_gliner_biomed.distributed.annotator import Plan

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
SIZES = {"compare": 500, "memory": 5_000, "workers": 20, "overhead": 128}  # of partitions
MOST_GROWTH = {"workers": 16.0, "driver": 64.0}  # MiB; the driver keeps 16 bytes for each id
ENOUGH_SAMPLES = 30  # a run of less than so many seconds says nothing about growth


def compare_engines(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """The same corpus on all engines with two workers of one thread."""
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
    """Short texts through the local engine with a pipeline that costs next to nothing."""
    texts = read_documents(corpora, SENTENCES, sentences=True)
    source = write_corpus(folder / "corpus.jsonl.gz", texts, n)
    plan = Plan(write_trivial_pipeline(folder / "trivial"))
    with MemorySampler(os.getpid(), "local", seconds=1.0) as sampler:
        times = run_local(
            source, folder / "out", plan, workers=1, size=min(SIZES["memory"], n // 10)
        )
    plot(results / "scale-memory.png", {f"{n:,} texts": sampler.samples})
    loaded = times[0][0] - sampler.started
    samples = [sample for sample in sampler.samples if sample["seconds"] > loaded]
    figures = {"documents_per_second": round(rate(times, 1), 1), **summarize(samples)}
    found = figures["growth_mib"]
    grown = {name: found[name] for name, most in MOST_GROWTH.items() if found[name] > most}
    if grown and len(samples) >= ENOUGH_SAMPLES:
        raise SystemExit(f"memory grew by {grown} MiB")
    return figures


def compare_workers(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """One worker and two of one thread each, the packaged model on abstracts."""
    texts = read_documents(corpora, ABSTRACTS, sentences=False)
    source = write_corpus(folder / "corpus.jsonl.gz", texts, n)
    plan = Plan(options={"labels": list(LABELS)})
    rates = []
    for workers in (1, 2):
        output = folder / f"out-{workers}"
        times = run_local(source, output, plan, workers=workers, size=SIZES["workers"])
        rates.append(rate(times, workers))
    one, two = (round(rate, 2) for rate in rates)
    n_bytes = sum(path.stat().st_size for path in (folder / "out-1").rglob("*.*"))
    return {
        "one_worker_per_second": one,
        "two_workers_per_second": two,
        "ratio": round(rates[1] / rates[0], 3),
        "output_bytes_per_document": round(n_bytes / n, 1),
    }


def measure_overhead(corpora: Path, n: int, results: Path, folder: Path) -> dict[str, Any]:
    """One worker against `nlp.pipe` in one process, before and after it, one thread each; with
    the packaged model, and with a pipeline that costs next to nothing.
    """
    trivial = write_trivial_pipeline(folder / "trivial")
    runs = {
        "packaged": (Plan(options={"labels": list(LABELS)}), n, SIZES["overhead"]),
        "trivial": (Plan(trivial), 20 * n, 1_000),
    }
    figures: dict[str, Any] = {}
    for name, (plan, count, size) in runs.items():
        texts = read_documents(corpora, ABSTRACTS, sentences=False)
        source = write_corpus(folder / f"{name}.jsonl.gz", texts, count)
        before = run_plain(read_corpus(source), plan)
        output = folder / f"out-{name}"
        times = run_local(source, output, plan, workers=1, size=min(size, count // 4))
        after = run_plain(read_corpus(source), plan)
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
    """Abstracts a second that are read, checked for repeated ids, and made ready to be sent."""
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


def main() -> None:
    """Read the arguments, run, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--documents", type=int)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    name, n = arguments.command, arguments.documents or DOCUMENTS[arguments.command]
    arguments.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        figures = COMMANDS[name](arguments.corpora, n, arguments.results, Path(folder))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    figures = {"documents": n, **figures, "machine": machine}
    path = arguments.results / f"scale-{name}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf8")
    print(path.read_text(encoding="utf8"), end="")


if __name__ == "__main__":
    main()
