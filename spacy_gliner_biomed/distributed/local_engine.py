"""The engine for one machine: worker processes, any of which may die at any time."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryFile

from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.distributed.events import Delayed, Event, Finished, Lost
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.result_tables import Results
from spacy_gliner_biomed.distributed.run_spec import RunSpec, write_with_retries
from spacy_gliner_biomed.distributed.worker_process import (
    Crashed,
    Done,
    Message,
    Ready,
    Refused,
    Unwritable,
    Waiting,
    WorkerProcess,
)
from spacy_gliner_biomed.errors import Errors

MAX_DEATHS = 3


@dataclass
class PartitionJob:
    """A partition in progress, with the number of workers that died on it and the last error."""

    partition: Partition
    deaths: int = 0
    error: str = ""


class LocalEngine:
    """Gives partitions to worker processes and replaces workers that die.

    A partition on which three workers died is cut in two. A piece on which another worker dies is
    cut again, until the document that kills the workers is alone. After three deaths of its own,
    the document is written to `failures`. Pieces are written one by one, so that finished work is
    kept.

    spec (RunSpec): The run.
    n_workers (int): Number of worker processes.
    gpus_per_worker (float): 0.5 for two workers on one GPU; 0 uses the pipeline's own device.
    """

    def __init__(self, spec: RunSpec, *, n_workers: int = 1, gpus_per_worker: float = 0.0) -> None:
        self.spec = spec
        self.n_workers = n_workers
        self.gpus_per_worker = gpus_per_worker
        self.queue: deque[PartitionJob] = deque()
        self.jobs: dict[WorkerProcess, PartitionJob | None] = {}
        self.deaths_at_start = 0

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Annotate partitions; at most as many are read ahead as there are workers.

        partitions (Iterable[Partition]): The partitions.
        YIELDS (Event): The events. Each partition, or each of its pieces, gives one `Finished`.
        RAISES (ValueError): If workers cannot be started.
        RAISES (OSError): If results cannot be written.
        """
        storage = self.spec.storage.fenced()
        with shared_file() if self.n_workers > 1 else nullcontext() as weights:
            self.spec = replace(self.spec, storage=storage, weights=weights)
            yield from self._run(partitions)

    def _run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        source, more = iter(partitions), True
        try:
            while more or self.queue or any(self.jobs.values()):
                if more and len(self.queue) < self.n_workers:
                    partition = next(source, None)
                    more = partition is not None
                    if partition is not None:
                        self.queue.append(PartitionJob(partition))
                self._hand_out()
                reading = more and len(self.queue) < self.n_workers
                yield from self._listen(0.0 if reading else None)
        finally:
            for worker in self.jobs:
                worker.stop()
            self.jobs.clear()

    def _hand_out(self) -> None:
        for worker in [w for w, job in self.jobs.items() if w.ready and job is None]:
            if self.queue:
                self._give(worker, self.queue.popleft())
        starting = sum(not worker.ready for worker in self.jobs)
        while starting < len(self.queue) and len(self.jobs) < self.n_workers:
            self._start()
            starting += 1

    def _give(self, worker: WorkerProcess, job: PartitionJob) -> None:
        try:
            worker.connection.send(job.partition)
            self.jobs[worker] = job
        except OSError:  # it died while it was idle
            self.queue.appendleft(job)

    def _start(self) -> None:
        slot = min(set(range(self.n_workers)) - {worker.slot for worker in self.jobs})
        gpu = int(slot * self.gpus_per_worker)
        device = f"cuda:{gpu}" if self.gpus_per_worker else None
        self.jobs[WorkerProcess(self.spec, slot, device)] = None

    def _listen(self, timeout: float | None) -> Iterator[Event]:
        if not self.jobs:
            return
        sources = {worker.connection: worker for worker in self.jobs}
        sources |= {worker.process.sentinel: worker for worker in self.jobs}
        for worker in dict.fromkeys(sources[source] for source in wait(sources, timeout)):
            messages, alive = worker.receive()
            for message in messages:
                yield from self._handle(worker, message)
            if not alive:
                yield from self._handle_exit(worker)

    def _handle(self, worker: WorkerProcess, message: Message) -> Iterator[Event]:
        match message:
            case Ready():
                worker.ready, self.deaths_at_start = True, 0
            case Refused(error):
                raise ValueError(error if has_code(error) else Errors.E103.format(error=error))
            case Done(counts, warnings):
                job = self.jobs[worker]
                assert job is not None
                self.jobs[worker] = None
                yield Finished.of(job.partition, counts, warnings)
            case Waiting(error):
                yield Delayed(error)
            case Unwritable(error):
                raise self.spec.write_error(error)
            case Crashed(error):
                job = self.jobs[worker]
                assert job is not None
                job.error = error

    def _handle_exit(self, worker: WorkerProcess) -> Iterator[Event]:
        reason, job = worker.exit_reason(), self.jobs.pop(worker)
        worker.connection.close()
        if not worker.ready:
            self.deaths_at_start += 1
            if self.deaths_at_start == MAX_DEATHS:
                raise ValueError(Errors.E104.format(n=MAX_DEATHS, reason=reason))
        name = job.partition.name if job is not None else ""
        # It may have died after it had written the results.
        if job is not None and self.spec.storage.has(name):
            yield Finished.of(job.partition, self.spec.storage.counts(name))
            return
        yield Lost(name, reason)
        if job is not None:
            yield from self._after_death(job, reason)

    def _after_death(self, job: PartitionJob, reason: str) -> Iterator[Event]:
        job.deaths += 1
        n, piece = len(job.partition.records), job.partition.first is not None
        if job.deaths < (1 if piece and n > 1 else MAX_DEATHS):
            self.queue.appendleft(job)
        elif n > 1:
            self.queue.extendleft(PartitionJob(half) for half in reversed(job.partition.halves()))
        else:
            yield from self._mark_failed(job, reason)

    def _mark_failed(self, job: PartitionJob, reason: str) -> Iterator[Event]:
        results, [record] = Results(self.spec.config.attributes), job.partition.records
        last = job.error.strip().rpartition("\n")[2] or reason
        reason = f"{job.deaths} worker processes died on it, the last with {last}"
        results.note_files([record])
        results.fail(record.without_content("died", reason) if record.problem is None else record)
        delays: list[str] = []
        try:
            write_with_retries(self.spec, job.partition.name, results, delays.append)
        except OSError as error:
            raise self.spec.write_error(str(error)) from error
        yield from map(Delayed, delays)
        yield Finished.of(job.partition, results.counts())


@contextmanager
def shared_file() -> Iterator[Path | None]:
    """Make an empty file that the processes of this user can open while it is needed.

    It has no name in a folder, so that nothing is left behind if this process is killed.

    YIELDS (Path | None): Its name; None where there is no `/proc`, that is, not on Linux.
    """
    with TemporaryFile() as file:
        path = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        yield path if path.exists() else None
