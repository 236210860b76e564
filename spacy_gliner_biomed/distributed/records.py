"""Records of a corpus, and the partitions that they are worked on and written in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from spacy_gliner_biomed.common.reporting import shorten

LINE = 300  # characters that a reason quotes, at most: it may hold text of a document

# Why a record is in no table of results. The last three are found while it is worked on;
# "no_records" is a file of a readable kind without a record.
FailureKind = Literal[
    "deleted",
    "superseded",
    "duplicate",
    "missing_text",
    "not_utf8",
    "broken",
    "no_records",
    "too_large",
    "error",
    "died",
]
# What a corpus means to leave out is no failure of the run.
EXPECTED: frozenset[str] = frozenset({"deleted", "superseded"})

RecordRange = tuple[int, int]


@dataclass(frozen=True)
class Problem:
    """Why a record is not annotated."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True)
class CorpusRecord:
    """One record of a corpus.

    id (str): Its own, or else its source.
    source (str): File, and line or number in it.
    content (str | bytes): Its text, or a Doc as bytes.
    meta (str): Its further keys as JSON; empty if there are none.
    problem (Problem | None): If it cannot be annotated.
    version (int): Of a PubMed citation, which may have several under one id.
    left_out (int): Characters of its text that are in another language and not in `content`.
    """

    id: str
    source: str
    content: str | bytes = ""
    meta: str = ""
    problem: Problem | None = None
    version: int = 1
    left_out: int = 0

    def without_content(self, kind: FailureKind, reason: str) -> "CorpusRecord":
        """The same record, as one that is not annotated.

        kind (FailureKind): Why, in a word.
        reason (str): Why, in words; made one line of at most `LINE` characters.
        """
        problem = Problem(kind, shorten(reason, LINE))
        return replace(self, content="", meta="", problem=problem, left_out=0)


@dataclass(frozen=True)
class Partition:
    """Records that are written together: a partition of a corpus, or a piece of one.

    number (int): Of the partition, from 0.
    records (Sequence[CorpusRecord]): Its records.
    n_bytes (int): How much of the input it is, about.
    first (int | None): For a piece, the place of its first record in the partition.
    skipped (int): Bytes of the input before it that an earlier run has done.
    """

    number: int
    records: Sequence[CorpusRecord]
    n_bytes: int
    first: int | None = None
    skipped: int = 0

    @property
    def name(self) -> str:
        """Of its folder: "part-000007", and of a piece "part-000007.00000-00500"."""
        whole = f"part-{self.number:06d}"
        if self.first is None:
            return whole
        return f"{whole}.{self.first:05d}-{self.first + len(self.records):05d}"

    def halves(self) -> "tuple[Partition, Partition]":
        """Two pieces of about the same number of records."""
        middle = len(self.records) // 2
        left, right = self._piece(0, middle), self._piece(middle, len(self.records))
        return replace(left, skipped=self.skipped), right

    def without(self, done: Sequence[RecordRange]) -> "Iterator[Partition]":
        """The pieces that are left when some are done.

        done (Sequence[RecordRange]): The finished pieces: index of the first record, and one past
            the last, in the whole partition.
        """
        n, start = len(self.records), 0
        indices = sorted((a - (self.first or 0), b - (self.first or 0)) for a, b in done)
        for first, end in [*((min(a, n), min(b, n)) for a, b in indices), (n, n)]:
            if first > start:
                yield self._piece(start, first)
            start = max(start, end)

    def _piece(self, start: int, end: int) -> "Partition":
        n_bytes = self.n_bytes * (end - start) // max(len(self.records), 1)
        return Partition(
            self.number, self.records[start:end], n_bytes, first=(self.first or 0) + start
        )


def describe(error: BaseException) -> str:
    """What was raised, by its type and message: many messages alone ("'text'") say nothing."""
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def parse_partition_name(name: str) -> tuple[int, RecordRange | None]:
    """The number in a partition's name, and for a piece its records."""
    number, _, span = name.removeprefix("part-").partition(".")
    if not span:
        return int(number), None
    first, _, end = span.partition("-")
    return int(number), (int(first), int(end))
