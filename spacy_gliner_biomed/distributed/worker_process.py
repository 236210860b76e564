"""A worker process: takes partitions from a pipe, writes their results, says so."""

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
    """The pipeline cannot be loaded, or its settings do not work."""

    error: str


@dataclass(frozen=True)
class Done:
    """A partition is written."""

    counts: Counter[str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Waiting:
    """A partition cannot be written now; it is tried again."""

    error: str


@dataclass(frozen=True)
class Unwritable:
    """A partition could not be written for as long as was to be waited."""

    error: str


@dataclass(frozen=True)
class Crashed:
    """Something failed that is no document's own failure; the process ends."""

    error: str


Message: TypeAlias = Ready | Refused | Done | Waiting | Unwritable | Crashed


class WorkerProcess:
    """A process and the pipe to it.

    spec (RunSpec): What it does.
    slot (int): Its number among those that run at the same time.
    device (str | None): Where its pipeline computes.
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
        """The messages that are there, and whether more may come."""
        alive = self.process.is_alive()  # asked before its last messages are read
        messages: list[Message] = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except (EOFError, OSError):
            alive = False
        return messages, alive

    def exit_reason(self) -> str:
        """In words; waits for the end."""
        self.process.join(10)
        if self.process.is_alive():  # it has closed its pipe, and does not end
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """End it now, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection, spec: RunSpec, device: str | None) -> None:
    """The process: loads, then annotates partitions until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides
    _exit_with_parent()
    try:
        annotator = CorpusAnnotator(spec.config, device=device, threads=spec.threads)
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
    """How processes are started that share no state with this one.

    Where there is a fork server, it imports once what each of them needs, so that one that dies
    is replaced in little time.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _exit_with_parent() -> None:
    """No worker lives on, and writes, when its driver is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
