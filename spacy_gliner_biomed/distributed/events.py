"""What engines report of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from spacy_gliner_biomed.distributed.records import Partition


@dataclass(frozen=True)
class Finished:
    """The results of a partition are written.

    name (str): See `Partition.name`.
    n_bytes, skipped (int): See `Partition`.
    counts (Counter[str]): See `Results.counts`.
    warnings (Sequence[str]): Each once.
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
        """Of a partition, without its records."""
        return cls(partition.name, partition.n_bytes, partition.skipped, counts, warnings)


@dataclass(frozen=True)
class Lost:
    """A worker died; the partition that it had is given to another."""

    name: str
    how: str


@dataclass(frozen=True)
class Delayed:
    """Results cannot be written at the moment."""

    error: str


Event: TypeAlias = Finished | Lost | Delayed
