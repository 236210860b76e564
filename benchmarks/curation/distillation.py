"""annotate-llm end to end: a real server process, faults on the way, a kill, and a second run.

    python -m benchmarks.curation.distillation --corpora FOLDER [--documents 200] [--output JSON]

The server is llama.cpp's with a tiny model (pip install xllamacpp gguf), see tiny_gguf.py. The
command is killed (SIGKILL) at a third, and run again; then the server is stopped (SIGSTOP) for
longer than the timeout, and later killed and started again. Its context is shorter than some of
the texts, and some answers reach the limit of tokens. A proxy between the two counts, answers some
requests by 503, severs some answers, and takes the constraint from some, so that the model babbles.
With --url, the server is another one, which is not stopped. Prints what became of every document.
"""

import argparse
import gzip
import hashlib
import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from benchmarks.common import child_environment, module_command

CORPORA = ("ncbi_disease", "bc5cdr", "craft")  # the last are whole articles
FAULTS = {"overloaded": 0.04, "severed": 0.02, "unconstrained": 0.08}


class Proxy(ThreadingHTTPServer):
    """Hands requests on, but for some; knows what was asked and answered."""

    def __init__(self, target: str, timeout: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.client_timeout = target, timeout
        self.lock, self.faults = Lock(), Counter[str]()
        self.asked, self.answered = Counter[str](), Counter[str]()

    def fault(self, key: str) -> str:
        """What happens to a request, by what it is and how often it came; mostly nothing."""
        with self.lock:
            rng = random.Random(f"{key} {self.asked[key]}")
            self.asked[key] += 1
            names, shares = list(FAULTS), list(FAULTS.values())
            (fault,) = rng.choices(["", *names], [1 - sum(shares), *shares])
            self.faults[fault or "none"] += 1
        return fault

    def handle_error(self, *_: Any) -> None:
        """The client was killed, or did not wait; or the server was."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Proxy

    def do_POST(self) -> None:
        """Hand it on, or not."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = hashlib.sha256(body).hexdigest()
        fault = self.server.fault(key)
        if fault == "overloaded":
            self.reply(503, b'{"error": "overloaded"}')
            return
        request = json.loads(body) | {"seed": int(key[:6], 16)}  # else all draw the same
        if fault == "unconstrained":
            del request["response_format"]
        started = time.monotonic()
        status, content = self.handed_on(json.dumps(request).encode())
        late = time.monotonic() - started > self.server.client_timeout
        if fault == "severed":
            self.reply(status, content, len(content) // 2)
            return
        self.reply(status, content)
        if status == 200 and not late:
            with self.server.lock:
                self.server.answered[key] += 1

    def handed_on(self, body: bytes) -> tuple[int, bytes]:
        """What the real server says."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.server.target + self.path[3:], body, headers)
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def reply(self, status: int, content: bytes, length: int | None = None) -> None:
        """Answer, with as much of the content as is said."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:length])

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class LlamaServer:
    """llama.cpp's server as a process, with the tiny model.

    folder (Path): For the model and the server's log.
    corpora (Path): What the model's weights are counted from.
    """

    def __init__(self, folder: Path, corpora: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.command = module_command("curation.tiny_gguf", self.port, folder, corpora)
        self.log = folder / "server.log"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=child_environment()
            )
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise SystemExit(f"The server ended: {self.log.read_text()[-2000:]}")

    def pause(self, seconds: float) -> None:
        """Let it do nothing for a while."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


def write_documents(corpora: Path, n: int, path: Path) -> list[str]:
    """Write texts of the corpora; one in forty is a whole article, as far as there are some."""
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
    """Run the command; kill it when so many requests were answered."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if proxy.answered.total() >= n_answers:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.02)
    return process.returncode


def run_to_end(
    command: list[str], proxy: Proxy, server: LlamaServer | None, n_between: int
) -> tuple[int, list[str]]:
    """Run the command; stop the server after some answers, and restart it after some more."""
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


def make_command(source: Path, output: Path, address: str, arguments: Any) -> list[str]:
    """The command line that is run twice."""
    command = [sys.executable, "-W", "ignore", "-m", "spacy", "gliner", "annotate-llm"]
    command += [str(source), "-o", str(output), "--url", address, "--model", arguments.model]
    command += ["--timeout", str(arguments.timeout), "--max-tokens", str(arguments.max_tokens)]
    return [*command, "--workers", str(arguments.workers), *arguments.options.split()]


def count_kept(output: Path) -> int:
    """Answers in the cache."""
    with closing(sqlite3.connect(f"{output}.cache")) as cache:
        (n_kept,) = cache.execute("SELECT COUNT(*) FROM answers").fetchone()
    return int(n_kept)


def measure(
    url: str, server: LlamaServer | None, arguments: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    """Run, kill, run again, and compare."""
    source, output = folder / "in.jsonl", folder / "silver.jsonl"
    names = write_documents(arguments.corpora, arguments.documents, source)
    proxy = Proxy(url, arguments.timeout)
    Thread(target=proxy.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{proxy.server_port}/v1"
    command = make_command(source, output, address, arguments)
    started = time.perf_counter()
    killed = run_until(command, proxy, arguments.documents // 3)
    n_kept = count_kept(output)
    time.sleep(arguments.timeout)  # what was under way comes to an end
    first = {"status": killed, "answers sent": proxy.answered.total(), "answers kept": n_kept}
    status, done = run_to_end(command, proxy, server, arguments.documents // 4)
    report = json.loads(Path(f"{output}.report.json").read_text())
    again = {"status": status, "answers used again": report["replies"].get("cached", 0)}
    return {
        **account_for(names, output, report),
        "first run": first,
        "second run": again,
        "answers sent twice": sum(n - 1 for n in proxy.answered.values()),
        "at most, since so many were on the way at the kill": arguments.workers,
        "answers in the cache": count_kept(output),
        "done to requests": dict(proxy.faults),
        "done to the server": done,
        "report of the second run": {
            key: report[key]
            for key in ("texts", "pieces", "requests", "faults", "replies", "answers", "tokens")
        },
        "seconds": round(time.perf_counter() - started, 1),
    }


def account_for(names: list[str], output: Path, report: dict[str, Any]) -> dict[str, Any]:
    """What became of the documents and of what the model quoted."""
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


def main() -> None:
    """Read the arguments, run, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--max-tokens", type=int, default=300)
    parser.add_argument("--url", help="Of a server that runs already.")
    parser.add_argument("--model", default="tiny")
    parser.add_argument(
        "--options",
        default='--types disease,chemical --no-relations --body {"temperature":1}',
        help="More of annotate-llm's options.",
    )
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.url:
            result = measure(arguments.url, None, arguments, folder)
        else:
            server = LlamaServer(folder, arguments.corpora)
            try:
                url = f"http://127.0.0.1:{server.port}/v1"
                result = measure(url, server, arguments, folder)
            finally:
                server.end()
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
