"""annotate-llm from end to end: a real server, faults on the way, a kill, and a second run.

    python -m benchmarks.curation.distillation --corpora FOLDER [--documents 200] [--output FILE]

The server is llama.cpp's with a tiny model (tiny_gguf.py; `pip install xllamacpp gguf`). The
command is killed (SIGKILL) after a third of the answers, and run again. In the second run the
server is stopped (SIGSTOP) for longer than the timeout, and later killed and restarted. Its context
is shorter than some texts, and some answers reach the limit of tokens. A proxy (proxy.py) counts
requests, answers some by 503, cuts some answers off, and removes the constraint from some requests,
so that the model writes anything. With `--url` another server is used, which is not stopped. Prints
what became of every document.
"""

import argparse
import gzip
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.common import make_parser, write_results
from benchmarks.curation.llama_server import LlamaServer
from benchmarks.curation.proxy import Proxy

CORPORA = ("ncbi_disease", "bc5cdr", "craft")  # the last has whole articles
OPTIONS = '--types disease,chemical --prompt.relations false --server.body {"temperature":1}'


def write_documents(corpora: Path, n: int, path: Path) -> list[str]:
    """Write texts of the corpora as JSON lines; one in forty is a whole article.

    corpora (Path): The folder of corpora.
    n (int): Documents.
    path (Path): The file to write.
    RETURNS (list[str]): The ids.
    """
    n_long = n // 40
    shares = dict(
        zip(CORPORA, ((n - n_long) // 2, n - n_long - (n - n_long) // 2, n_long), strict=True)
    )
    names = []
    with path.open("w", encoding="utf8") as out:
        for corpus, share in shares.items():
            with gzip.open(corpora / corpus / "train.jsonl.gz", "rt", encoding="utf8") as lines:
                for i, line in enumerate(islice(lines, share)):
                    names.append(f"{corpus}-{i}")
                    text = json.loads(line)["text"]
                    out.write(json.dumps({"id": names[-1], "text": text}) + "\n")
    return names


def run_until(command: list[str], proxy: Proxy, n_answers: int) -> int:
    """Run the command, and kill it after some answers.

    command (list[str]): The command.
    proxy (Proxy): Counts the answers.
    n_answers (int): Answers after which the command is killed.
    RETURNS (int): The exit status.
    """
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if proxy.answered.total() >= n_answers:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.02)
    return process.returncode


def run_to_end(
    command: list[str], proxy: Proxy, server: LlamaServer | None, n_between: int
) -> tuple[int, list[str]]:
    """Run the command to its end; stop the server once, and later restart it.

    command (list[str]): The command.
    proxy (Proxy): Counts the answers.
    server (LlamaServer | None): The server; None leaves it alone.
    n_between (int): Answers before the stop, and again before the restart.
    RETURNS (tuple[int, list[str]]): The exit status, and what was done to the server.
    """
    process, done, first = subprocess.Popen(command), [], proxy.answered.total()
    while process.poll() is None:
        n_answers = proxy.answered.total() - first
        if server and not done and n_answers >= n_between:
            server.pause(proxy.client_timeout * 1.5)
            done.append(f"stopped for {proxy.client_timeout * 1.5:g} s")
        elif server and len(done) == 1 and n_answers >= 2 * n_between:
            server.end()
            server.start()
            done.append("killed and started again")
        time.sleep(0.02)
    return process.returncode, done


def make_command(
    source: Path, output: Path, address: str, arguments: argparse.Namespace
) -> list[str]:
    """Return the command that is run twice.

    source (Path): The documents.
    output (Path): The silver corpus.
    address (str): The URL of the proxy.
    arguments (argparse.Namespace): The command line.
    RETURNS (list[str]): The command.
    """
    command = [sys.executable, "-W", "ignore", "-m", "spacy", "gliner", "annotate-llm"]
    command += [str(source), "-o", str(output), "--url", address, "--model", arguments.model]
    command += ["--server.timeout", str(arguments.timeout)]
    command += ["--prompt.max_tokens", str(arguments.max_tokens)]
    return [*command, "--workers", str(arguments.workers), *arguments.options.split()]


def count_cached(output: Path) -> int:
    """Count the answers in the cache."""
    with closing(sqlite3.connect(f"{output}.cache")) as cache:
        (n_cached,) = cache.execute("SELECT COUNT(*) FROM answers").fetchone()
    return int(n_cached)


def measure(
    url: str, server: LlamaServer | None, arguments: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    """Run, kill, run again, and compare.

    url (str): The server.
    server (LlamaServer | None): Its process; None leaves it alone.
    arguments (argparse.Namespace): The command line.
    folder (Path): Folder for files.
    RETURNS (dict[str, Any]): What became of documents and requests.
    """
    source, output = folder / "in.jsonl", folder / "silver.jsonl"
    names = write_documents(arguments.corpora, arguments.documents, source)
    proxy = Proxy(url, arguments.timeout)
    Thread(target=proxy.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{proxy.server_port}/v1"
    command = make_command(source, output, address, arguments)
    started = time.perf_counter()
    killed = run_until(command, proxy, arguments.documents // 3)
    n_cached = count_cached(output)
    time.sleep(arguments.timeout)  # until requests on the way have ended
    first = {"status": killed, "answers sent": proxy.answered.total(), "answers kept": n_cached}
    status, done = run_to_end(command, proxy, server, arguments.documents // 4)
    report = json.loads(Path(f"{output}.report.json").read_text())
    again = {"status": status, "answers used again": report["replies"].get("cached", 0)}
    return {
        **account_for(names, output, report),
        "first run": first,
        "second run": again,
        "answers sent twice": sum(n - 1 for n in proxy.answered.values()),
        "at most, since so many were on the way at the kill": arguments.workers,
        "answers in the cache": count_cached(output),
        "done to requests": dict(proxy.faults),
        "done to the server": done,
        "report of the second run": {
            key: report[key]
            for key in ("texts", "pieces", "requests", "faults", "replies", "answers", "tokens")
        },
        "seconds": round(time.perf_counter() - started, 1),
    }


def account_for(names: list[str], output: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Count documents and quotes by what became of them.

    names (list[str]): The ids of all documents.
    output (Path): The silver corpus.
    report (dict[str, Any]): The report of the run.
    RETURNS (dict[str, Any]): The counts.
    """
    failures = Path(f"{output}.failures.jsonl")
    failed = failures.read_text().splitlines() if failures.exists() else []
    written = [json.loads(line)["id"] for line in output.read_text().splitlines()]
    return {
        "documents": len(names),
        "written": len(written),
        "failed": report["failed"],
        "lost": sorted(set(names) - set(written) - {json.loads(line)["id"] for line in failed}),
        "written twice": len(written) - len(set(written)),
        "quotes": report["mentions"],
        "entities": sum(report["labels"].values()),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, run, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--max-tokens", type=int, default=300)
    parser.add_argument("--url", help="address of a server that runs already")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--options", default=OPTIONS, help="further options of annotate-llm")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.url:
            results = measure(arguments.url, None, arguments, folder)
        else:
            server = LlamaServer(folder, arguments.corpora)
            try:
                url = f"http://127.0.0.1:{server.port}/v1"
                results = measure(url, server, arguments, folder)
            finally:
                server.end()
    print(json.dumps(results, indent=2))
    write_results(arguments.output, results, arguments)


if __name__ == "__main__":
    main()
