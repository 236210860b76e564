"""Samples of the memory of a process and its children over a run, and their plot."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from threading import Event, Thread
from types import TracebackType
from typing import Any

import psutil

# What the command line of an engine's workers contains.
WORKERS = {"local": "multiprocessing.forkserver", "ray": "MapWorker", "spark": "pyspark.daemon"}
MIB = 2**20


class MemorySampler:
    """Samples unshared memory in MiB: of the driver, of all workers, and of other children.

    pid (int): The driver.
    engine (str): A key of `WORKERS`, by which workers are told from other children.
    seconds (float): Seconds between samples.
    """

    def __init__(self, pid: int, engine: str, seconds: float = 2.0) -> None:
        self.process = psutil.Process(pid)
        self.engine = engine
        self.seconds = seconds
        self.samples: list[dict[str, float]] = []
        self.stop = Event()
        self.thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> "MemorySampler":
        self.started = time.perf_counter()
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.stop.wait(self.seconds):
            try:
                self.samples.append(self._sample())
            except psutil.Error:  # the driver has ended
                continue

    def _sample(self) -> dict[str, float]:
        sample = dict.fromkeys(("driver", "workers", "largest_worker", "rest"), 0.0)
        sample["driver"] = self.process.memory_full_info().uss / MIB
        for child in self.process.children(recursive=True):
            try:
                size = child.memory_full_info().uss / MIB
                worker = WORKERS[self.engine] in " ".join(child.cmdline())
            except psutil.Error:  # it has ended
                continue
            sample["workers" if worker else "rest"] += size
            if worker:
                sample["largest_worker"] = max(sample["largest_worker"], size)
        sample["seconds"] = time.perf_counter() - self.started
        return {name: round(value, 1) for name, value in sample.items()}


def growth(samples: Sequence[dict[str, float]], name: str) -> float:
    """Return the growth in MiB from the second fifth of a run to its last fifth."""
    fifth = max(len(samples) // 5, 1)
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]
    if not early:
        return 0.0
    return round(mean(s[name] for s in late) - mean(s[name] for s in early), 1)


def plot(path: Path, runs: dict[str, Sequence[dict[str, float]]]) -> None:
    """Plot memory over time, with one panel for each run."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(runs), figsize=(5 * len(runs), 3.5), squeeze=False)
    for axis, (title, samples) in zip(axes[0], runs.items(), strict=True):
        seconds = [sample["seconds"] for sample in samples]
        for name in ("driver", "workers", "rest"):
            axis.plot(seconds, [sample[name] for sample in samples], label=name)
        axis.set(title=title, xlabel="seconds", ylabel="MiB, unshared", ylim=(0, None))
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def summarize(samples: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return growth and maximum of each part, in MiB."""
    names = ("driver", "workers", "rest")
    return {
        "growth_mib": {name: growth(samples, name) for name in names},
        "most_mib": {name: max((s[name] for s in samples), default=0.0) for name in names},
    }
