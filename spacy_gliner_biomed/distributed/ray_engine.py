"""The engine for clusters: Ray Data reads the corpus and distributes partitions to actors."""

import os
import pickle
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.common.retrying import retry_on_oserror
from spacy_gliner_biomed.distributed.corpus_annotator import CorpusAnnotator
from spacy_gliner_biomed.distributed.events import Delayed, Event, Finished
from spacy_gliner_biomed.distributed.local_engine import MAX_DEATHS, LocalEngine
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.run_spec import (
    RunSpec,
    format_error,
    write_with_retries,
)
from spacy_gliner_biomed.errors import Errors

COLUMN = "pickled"
LOADING = "loading"
Outcome: TypeAlias = Event | Exception


class RayEngine:
    """Annotates on a Ray cluster; input, pipeline and output must have the same path on each node.

    One task reads the corpus; actors annotate and write partitions. Ray handles back-pressure and
    restarts the actors and tasks of a node that dies.

    spec (RunSpec): The run.
    n_workers (int): Maximum number of actors.
    min_workers (int | None): Number of actors at the start; Ray adds more while partitions wait.
        None starts all of them.
    gpus_per_worker (float): 0.5 for two actors on one GPU.
    address (str | None): Address of the cluster; None starts Ray on this machine if it does not
        run yet.
    RAISES (ImportError): If Ray is not installed.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        n_workers: int = 1,
        min_workers: int | None = None,
        gpus_per_worker: float = 0.0,
        address: str | None = None,
    ) -> None:
        self.ray = import_optional("ray", "--engine ray", extra="ray")
        self.data = import_optional("ray.data", "--engine ray", extra="ray")
        self.spec = spec.absolute()
        self.n_workers = n_workers
        self.min_workers = min(min_workers or n_workers, n_workers)
        self.gpus_per_worker = gpus_per_worker
        self.address = address

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Annotate partitions; see `local_engine.LocalEngine.run`.

        partitions (Iterable[Partition]): Must be picklable and give the same partitions each time.
        YIELDS (Event): The events.
        """
        mine = not self.ray.is_initialized()
        if mine:
            self.ray.init(address=self.address, logging_level="warning", log_to_driver=False)
        try:
            with self._settings():
                for row in self._dataset(partitions).iter_rows():
                    yield from _raised(pickle.loads(row[COLUMN]))
        finally:
            if mine:
                self.ray.shutdown()

    @contextmanager
    def _settings(self) -> Iterator[None]:
        """Set Ray Data's settings. Each block holds one partition, because Ray distributes
        blocks; `repartition()` would need a free CPU, which there may not be.
        """
        context = self.data.DataContext.get_current()
        before = context.enable_progress_bars, context.target_max_block_size
        context.enable_progress_bars, context.target_max_block_size = False, 1
        try:
            yield
        finally:
            context.enable_progress_bars, context.target_max_block_size = before

    def _dataset(self, partitions: Iterable[Partition]) -> Any:
        spec = replace(self.spec, storage=self.spec.storage.fenced())
        read = self.data.read_datasource(_source(partitions), override_num_blocks=1, num_cpus=0)
        return read.map_batches(
            RayWorker,
            fn_constructor_args=(spec, self.gpus_per_worker > 0, self.n_workers),
            batch_size=1,
            compute=self.data.ActorPoolStrategy(min_size=self.min_workers, max_size=self.n_workers),
            num_cpus=spec.threads or 1,
            num_gpus=self.gpus_per_worker or None,
        )


class RayWorker:
    """An actor that annotates partitions and survives documents that crash it.

    Ray restarts an actor that dies and gives it the same partition. The output notes each attempt.
    After the third, the local engine annotates the partition in separate processes.

    spec (RunSpec): The run.
    gpu (bool): Whether Ray assigned a share of a GPU.
    n_workers (int): Number of actors.
    """

    def __init__(self, spec: RunSpec, gpu: bool, n_workers: int) -> None:
        self.spec = spec
        self.gpu = gpu
        self.refused: Exception | None = None
        try:
            self._load(MAX_DEATHS * n_workers)
        except Exception as error:  # reported to the driver, because Ray would retry for ever
            text = format_error(error)
            known = has_code(text)
            self.refused = ValueError(text if known else Errors.E103.format(error=text))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Annotate and write partitions; return the events to the driver."""
        try:
            results = [self._annotate_partition(pickle.loads(row)) for row in batch[COLUMN]]
        except BaseException:  # no single document caused it: another process may succeed
            traceback.print_exc()
            os._exit(1)  # Ray would end the run on an exception
        return {COLUMN: [pickle.dumps(events) for events in results]}

    def _load(self, max_attempts: int) -> None:
        storage, device = self.spec.storage, "cuda" if self.gpu else None
        note = partial(storage.output.note_attempt, LOADING)
        if retry_on_oserror(note, self.spec.patience, lambda _: None) > max_attempts:
            raise ValueError(Errors.E104.format(n=max_attempts, reason="see Ray's logs"))
        self.annotator = CorpusAnnotator(self.spec.config, device=device, threads=self.spec.threads)
        storage.output.forget_attempts(LOADING)

    def _annotate_partition(self, partition: Partition) -> list[Outcome]:
        storage, delays = self.spec.storage, list[str]()
        if self.refused is not None:
            return [self.refused]
        if storage.has(partition.name):  # the actor that wrote it died before it reported it
            return [Finished.of(partition, storage.counts(partition.name))]
        try:
            outcomes = list(self._attempt(partition, delays))
        except OSError as error:
            outcomes = [self.spec.write_error(str(error))]
        return [*map(Delayed, delays), *outcomes]

    def _attempt(self, partition: Partition, delays: list[str]) -> Iterator[Outcome]:
        note = partial(self.spec.storage.output.note_attempt, partition.name)
        if retry_on_oserror(note, self.spec.patience, delays.append) > MAX_DEATHS:
            yield from self._isolate(partition)
            return
        results = self.annotator(partition)
        write_with_retries(self.spec, partition.name, results, delays.append)
        yield Finished.of(partition, results.counts(), results.warnings)

    def _isolate(self, partition: Partition) -> Iterator[Outcome]:
        done = self.spec.storage.finished().get(partition.number)
        left = [partition] if not done else partition.without(done)
        try:
            yield from LocalEngine(self.spec, gpus_per_worker=float(self.gpu)).run(left)
        except (OSError, ValueError) as error:
            yield error


def _raised(outcomes: Iterable[Outcome]) -> Iterator[Event]:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome


def _source(partitions: Iterable[Partition]) -> Any:
    """Make a Datasource that one task reads, because only a single reader finds repeated ids."""
    pyarrow = import_optional("pyarrow", "--engine ray", extra="ray")
    data = import_optional("ray.data", "--engine ray", extra="ray")
    block = import_optional("ray.data.block", "--engine ray", extra="ray")

    def read() -> Iterator[Any]:
        for partition in partitions:
            yield pyarrow.table({COLUMN: [pickle.dumps(partition)]})

    class Source(data.Datasource):  # type: ignore[misc, name-defined]
        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
            metadata = block.BlockMetadata(
                num_rows=None, size_bytes=None, input_files=None, exec_stats=None
            )
            return [data.ReadTask(read, metadata)]

        def estimate_inmemory_data_size(self) -> int | None:
            return None

    return Source()
