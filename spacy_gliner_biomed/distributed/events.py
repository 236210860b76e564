"""The events that engines report during a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from spacy_gliner_biomed.distributed.records import Partition


@dataclass(frozen=True)
class Finished:
    """The results of a partition are written.

    name (str): The partition's name, see `Partition.name`.
    n_bytes (int): See `Partition`.
    skipped (int): See `Partition`.
    counts (Counter[str]): See `Results.counts`.
    warnings (Sequence[str]): The distinct warnings.
    """

    name: str
    n_bytes: int
    skipped: int
    counts: Counter[str]
    warnings: Sequence[str] = ()

    @classmethod
    def of(
        cls, partition: Partition, counts: Counter[str], warnings: Sequence[str] = ()
    ) -> "Finished":
        """Make the event for a partition.

        partition (Partition): The partition.
        counts (Counter[str]): See `Results.counts`.
        warnings (Sequence[str]): The distinct warnings.
        RETURNS (Finished): The event, which does not hold the records.
        """
        return cls(partition.name, partition.n_bytes, partition.skipped, counts, warnings)


@dataclass(frozen=True)
class Lost:
    """A worker died; another one gets its partition.

    name (str): The partition's name; empty if the worker had none.
    reason (str): The signal or exit code.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Delayed:
    """Results cannot be written at the moment; the engine retries."""

    error: str


Event: TypeAlias = Finished | Lost | Delayed
