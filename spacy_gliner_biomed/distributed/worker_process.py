"""A worker process: it receives partitions through a pipe, writes their results and reports."""

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeAlias

from spacy_gliner_biomed.distributed.corpus_annotator import CorpusAnnotator
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.run_spec import RunSpec, format_error, write_with_retries


@dataclass(frozen=True)
class Ready:
    """The pipeline is loaded."""


@dataclass(frozen=True)
class Refused:
    """The pipeline cannot be loaded, or its settings are invalid."""

    error: str


@dataclass(frozen=True)
class Done:
    """The results of a partition are written."""

    counts: Counter[str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Waiting:
    """The results of a partition cannot be written at the moment; the worker retries."""

    error: str


@dataclass(frozen=True)
class Unwritable:
    """The results of a partition could not be written before the patience was used up."""

    error: str


@dataclass(frozen=True)
class Crashed:
    """An error occurred that no single document caused; the process ends."""

    error: str


Message: TypeAlias = Ready | Refused | Done | Waiting | Unwritable | Crashed


class WorkerProcess:
    """A worker process and the pipe to it.

    spec (RunSpec): The run.
    slot (int): The worker's number among those that run at the same time.
    device (str | None): The device of its pipeline; None uses the pipeline's own setting.
    """

    def __init__(self, spec: RunSpec, slot: int, device: str | None) -> None:
        context = _context()
        self.slot = slot
        self.ready = False
        self.connection, theirs = context.Pipe()
        arguments = (theirs, spec, device)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def receive(self) -> tuple[list[Message], bool]:
        """Return the messages received so far, and whether more may come."""
        alive = self.process.is_alive()  # asked before its last messages are read
        messages: list[Message] = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except (EOFError, OSError):
            alive = False
        return messages, alive

    def exit_reason(self) -> str:
        """Wait for the process to end, and return its signal or exit code as text."""
        self.process.join(10)
        if self.process.is_alive():  # it has closed its pipe but does not end
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection, spec: RunSpec, device: str | None) -> None:
    """Load the pipeline, then annotate partitions until the pipe is closed; the worker's main.

    connection (Connection): The worker's end of the pipe.
    spec (RunSpec): The run.
    device (str | None): See `WorkerProcess`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides
    _exit_with_parent()
    try:
        annotator = CorpusAnnotator(
            spec.config, device=device, threads=spec.threads, weights=spec.weights
        )
    except Exception as error:
        connection.send(Refused(format_error(error)))
        return
    connection.send(Ready())
    while True:
        try:
            partition = connection.recv()
        except EOFError:
            return
        _annotate_partition(partition, annotator, spec, connection.send)


def _annotate_partition(
    partition: Partition, annotator: CorpusAnnotator, spec: RunSpec, send: Callable[[Message], None]
) -> None:
    try:
        results = annotator(partition)
    except Exception as error:
        send(Crashed(format_error(error)))
        sys.exit(1)
    try:
        write_with_retries(spec, partition.name, results, lambda error: send(Waiting(error)))
    except OSError as error:
        send(Unwritable(str(error)))
    else:
        send(Done(results.counts(), results.warnings))


def _context() -> Any:
    """Return the context that starts processes which share no state with this one.

    If a fork server is available, it imports the needed modules once, so that a dead worker is
    replaced quickly.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _exit_with_parent() -> None:
    """End this worker when its driver is killed, so that it writes nothing more."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
