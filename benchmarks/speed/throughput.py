"""Speed beside the GLiNER package, on the same weights, texts and labels, in one run.

    python -m benchmarks.speed.throughput --corpora FOLDER [--checkpoint packaged ...]

Each system has a process of its own for each number of labels. All take turns, so that other load
of the machine affects all alike; figures are medians of the rounds. The floor is the time of the
bare encoder's matrix products for rows without padding: "of_floor" at the best rate measured here,
"of_torch_floor" at the rate of torch's own products. The time to the first document counts from
the start of the process, with the files in the page cache. Prints a table; `--output` writes JSON
and, with matplotlib, a plot beside it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from operator import truediv
from pathlib import Path
from typing import Any

from benchmarks.common import (
    child_environment,
    make_parser,
    markdown,
    module_command,
    write_results,
)
from benchmarks.speed.checkpoints import checkpoint_folder
from benchmarks.speed.systems import Setting
from benchmarks.speed.texts import SOURCES, count_words, make_labels, read_texts

COLUMNS = (
    ("checkpoint", "{}"),
    ("mix", "{}"),
    ("labels", "{}"),
    ("setting", "{}"),
    ("words_s", "{:,.0f}"),
    ("docs_s", "{:.1f}"),
    ("ratio", "{:.2f}"),
    ("of_floor", "{:.2f}"),
    ("of_torch_floor", "{:.2f}"),
    ("first_document_s", "{:.1f}"),
    ("peak_mib", "{:,}"),
    ("entities", "{:,}"),
)


class Worker:
    """A system in a process of its own, which has run its first document.

    setting (Setting): The system, and how it is run.
    task (dict[str, Any]): The checkpoint, the texts of each turn, labels and device.
    """

    def __init__(self, setting: Setting, task: dict[str, Any]) -> None:
        self.setting = setting
        self.seconds: list[float] = []
        self.entities = 0
        python = task["gliner_spacy"] if setting.system == "gliner-spacy" else sys.executable
        command = module_command("speed.worker", python=python)
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        self._tell(json.dumps({**task, "setting": asdict(setting)}))
        self._answer()
        self.first_document_s = time.perf_counter() - started

    def run(self, *, counts: bool) -> None:
        """Run the texts of the next turn.

        counts (bool): Keep the time.
        """
        self._tell("")
        answer = self._answer()
        self.entities = answer["entities"]
        if counts:
            self.seconds.append(answer["seconds"])

    def finish(self) -> dict[str, Any]:
        """End the process.

        RETURNS (dict[str, Any]): Its peak memory and its floor.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        answer = self._answer()
        self.process.wait()
        self.process.stdout.close()
        return answer

    def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):  # a library may print
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"{self.setting} ended with {self.process.wait()}")


def measure(
    task: dict[str, Any], n_labels: Sequence[int], settings: Sequence[Setting]
) -> list[dict[str, Any]]:
    """Run all settings with all numbers of labels in turns.

    task (dict[str, Any]): See `Worker`.
    n_labels (Sequence[int]): The numbers of labels.
    settings (Sequence[Setting]): The systems.
    RETURNS (list[dict[str, Any]]): A row for each.
    """
    tasks = {n: {**task, "labels": make_labels(n)} for n in n_labels}
    workers = [(n, Worker(setting, tasks[n])) for n in n_labels for setting in settings]
    for turn in range(len(task["turns"])):
        for _, worker in workers:
            worker.run(counts=turn > 0)
    n_words = [sum(map(count_words, texts)) for texts in task["turns"]]
    rows: list[dict[str, Any]] = []
    for n, worker in workers:
        rate = statistics.median(map(truediv, n_words[1:], worker.seconds))
        row = {"labels": n, "setting": str(worker.setting), **asdict(worker.setting)}
        row |= {"words_s": rate, "docs_s": rate * sum(map(len, task["turns"])) / sum(n_words)}
        row |= {"first_document_s": worker.first_document_s, "entities": worker.entities}
        row |= {"seconds": worker.seconds, **worker.finish()}
        for floor in ("floor", "torch_floor"):
            if f"{floor}_seconds" in row:
                row[f"of_{floor}"] = n_words[-1] / rate / row[f"{floor}_seconds"]
        rows.append(row)
    return [row | {"ratio": ratio(row, rows)} for row in rows]


def ratio(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> float | None:
    """Return a row's speed over the best of the GLiNER package in float32, with as many labels."""
    theirs = [
        other["words_s"]
        for other in rows
        if (other["system"], other["precision"]) == ("gliner", "fp32")
        and other["labels"] == row["labels"]
    ]
    speed: float = row["words_s"]
    return speed / max(theirs) if theirs else None


def settings_of(arguments: argparse.Namespace) -> Iterator[Setting]:
    """Yield the systems to compare."""
    for precision in arguments.precisions:
        yield Setting("ours", precision, arguments.batch_subtokens)
        if not arguments.alone:
            for batch in arguments.batches:
                yield Setting("gliner", precision, batch)
    if arguments.gliner_spacy:
        yield Setting("gliner-spacy", "fp32", 1)
    if not arguments.alone:
        for precision in arguments.packed:
            yield Setting("gliner", precision, max(arguments.batches), packed=True)
        if arguments.int8:
            yield Setting("gliner", "int8", min(arguments.batches))


def turns_of(arguments: argparse.Namespace, mix: str) -> list[list[str]]:
    """Return the texts of each round, after those of one that is not counted."""
    n_turns = arguments.rounds + 1
    if not arguments.fresh:
        return [read_texts(arguments.corpora, mix, arguments.words)] * n_turns
    texts = read_texts(arguments.corpora, mix, n_turns * arguments.words)
    return [texts[turn::n_turns] for turn in range(n_turns)]


def show(rows: Sequence[dict[str, Any]]) -> str:
    """Return a table in Markdown."""
    cells = (
        ["" if row.get(name) is None else form.format(row[name]) for name, form in COLUMNS]
        for row in rows
    )
    return markdown([name for name, _ in COLUMNS], list(cells))


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Plot words a second as bars."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no plot: matplotlib is not installed")
        return
    names = [f"{r['checkpoint']}, {r['mix']}, {r['labels']}: {r['setting']}" for r in rows]
    figure = Figure(figsize=(9, 0.3 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    colors = ["C0" if row["system"] == "ours" else "C1" for row in rows]
    axes.barh(names, [row["words_s"] for row in rows], color=colors)
    axes.invert_yaxis()
    axes.set_xlabel("words per second")
    figure.savefig(path)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--checkpoint", nargs="+", default=["packaged"], help="folders, or KINDS of checkpoints.py")
    add("--mix", nargs="+", choices=list(SOURCES), default=["abstracts"])
    add("--labels", nargs="+", type=int, default=[10])
    add("--precisions", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"])
    add("--batches", nargs="+", type=int, default=[1, 8], help="texts at once, GLiNER package")
    add("--packed", nargs="*", default=[], help="precisions in which to try the package's packing")
    add("--int8", action="store_true", help="try the GLiNER package's int8, too")
    add("--gliner-spacy", help="Python of an environment with gliner-spacy, to try it, too")
    add("--batch-subtokens", type=int, default=4096, help="subtokens at once, this package")
    add("--threshold", type=float, default=0.5)
    add("--words", type=int, default=8000, help="words of text in each round")
    add("--rounds", type=int, default=5)
    add("--fresh", action="store_true", help="other texts in each round, as in a stream")
    add("--threads", type=int, default=0, help="0 leaves it to torch")
    add("--device", default="cpu")
    add("--alone", action="store_true", help="without the GLiNER package")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print a table, write JSON and a plot."""
    arguments = parse(argv)
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.checkpoint:
            folder = checkpoint_folder(name, Path(work))
            for mix in arguments.mix:
                task = {
                    "checkpoint": str(folder.resolve()),
                    "turns": turns_of(arguments, mix),
                    "threads": arguments.threads,
                    "device": arguments.device,
                    "gliner_spacy": arguments.gliner_spacy,
                    "threshold": arguments.threshold,
                }
                what = {"checkpoint": name, "mix": mix}
                found = measure(task, arguments.labels, list(settings_of(arguments)))
                rows += [what | row for row in found]
                print(show(rows[-len(found) :]), flush=True)
    write_results(arguments.output, rows, arguments)
    if arguments.output:
        plot(rows, arguments.output.with_suffix(".svg"))


if __name__ == "__main__":
    main()
