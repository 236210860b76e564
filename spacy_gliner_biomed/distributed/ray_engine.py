"""The engine of a cluster: Ray Data reads the corpus, and spreads partitions over actors."""

import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from spacy_gliner_biomed.distributed.annotator import Annotator
from spacy_gliner_biomed.distributed.events import Delayed, Event, Finished
from spacy_gliner_biomed.distributed.local import MAX_DEATHS, LocalEngine
from spacy_gliner_biomed.distributed.optional import import_optional
from spacy_gliner_biomed.distributed.records import Partition
from spacy_gliner_biomed.distributed.work import Work, in_words, write_patiently
from spacy_gliner_biomed.errors import Errors

COLUMN = "pickled"


class RayEngine:
    """Annotates on a Ray cluster; input, pipeline and output must be at the same path on each node.

    One task reads the corpus; actors annotate and write partitions. Back-pressure, and the
    restart of what dies with a node, are Ray's.

    work (Work): What the actors do.
    n_workers (int): Actors.
    gpus_per_worker (float): 0.5 for two actors on one GPU.
    address (str | None): Of the cluster; None starts Ray on this machine, if it does not run.
    RAISES (ImportError): If Ray is not installed.
    """

    def __init__(
        self,
        work: Work,
        *,
        n_workers: int = 1,
        gpus_per_worker: float = 0.0,
        address: str | None = None,
    ) -> None:
        self.ray = import_optional("ray", "--engine ray", extra="ray")
        self.data = import_optional("ray.data", "--engine ray", extra="ray")
        self.work = work.absolute()
        self.n_workers = n_workers
        self.gpus_per_worker = gpus_per_worker
        self.address = address

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Work on partitions; see `local.LocalEngine.run`.

        partitions (Iterable[Partition]): Can be pickled, and gives the same each time.
        """
        if not self.ray.is_initialized():
            self.ray.init(address=self.address, logging_level="warning", log_to_driver=False)
        context = self.data.DataContext.get_current()
        context.enable_progress_bars = False
        for row in self._dataset(partitions).iter_rows():
            for event in pickle.loads(row[COLUMN]):
                if isinstance(event, Exception):
                    raise event
                yield event

    def _dataset(self, partitions: Iterable[Partition]) -> Any:
        read = self.data.read_datasource(_source(partitions), override_num_blocks=1, num_cpus=0)
        return read.repartition(target_num_rows_per_block=1).map_batches(
            RayWorker,
            fn_constructor_args=(self.work, self.gpus_per_worker > 0),
            batch_size=1,
            concurrency=self.n_workers,
            num_cpus=1,
            num_gpus=self.gpus_per_worker or None,
        )


class RayWorker:
    """An actor: the annotator of all engines, and what it takes to survive a poison document.

    Ray restarts an actor that dies, and gives it the same partition. Each beginning is noted on
    disk, and after the third the partition is left to the local engine, in processes of its own.

    work (Work): What it does.
    gpu (bool): Whether Ray gave it a part of a GPU.
    """

    def __init__(self, work: Work, gpu: bool) -> None:
        self.work = work
        self.refused: ValueError | None = None
        try:
            device = "cuda" if gpu else None
            self.annotator = Annotator(work.plan, device=device, threads=work.threads)
        except Exception as error:  # told to the driver, since Ray would try again for ever
            text = in_words(error)
            known = text.startswith("[")
            self.refused = ValueError(text if known else Errors.E103.format(error=text))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Annotate and write partitions; what happened goes back to the driver."""
        results = [list(self._work_on(pickle.loads(row))) for row in batch[COLUMN]]
        return {COLUMN: [pickle.dumps(events) for events in results]}

    def _work_on(self, partition: Partition) -> Iterator[Event | Exception]:
        storage = self.work.storage
        if self.refused is not None:
            yield self.refused
        elif storage.has(partition.name):  # the actor that wrote it died before it said so
            yield Finished.of(partition, storage.counts(partition.name))
        elif storage.note_attempt(partition.name) > MAX_DEATHS:
            yield from self._isolate(partition)
        else:
            yield from self._annotate(partition)

    def _annotate(self, partition: Partition) -> Iterator[Event | Exception]:
        results, delays = self.annotator(partition), list[str]()
        try:
            write_patiently(self.work, partition.name, results, delays.append)
        except OSError as error:
            yield self.work.unwritable(str(error))
        else:
            yield from map(Delayed, delays)
            yield Finished.of(partition, results.counts(), results.warnings)

    def _isolate(self, partition: Partition) -> Iterator[Event | Exception]:
        done = self.work.storage.finished().get(partition.number)
        left = [partition] if not done else partition.without(done)
        try:
            yield from LocalEngine(self.work).run(left)
        except (OSError, ValueError) as error:
            yield error


def _source(partitions: Iterable[Partition]) -> Any:
    """A Datasource that one task reads: whether an id was seen before is known in one place."""
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
