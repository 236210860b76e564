"""The records of a corpus, and the partitions in which they are annotated and written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from spacy_gliner_biomed.common.reporting import shorten

LINE = 300  # maximum length of a reason, which may quote text of a document

# Why a record is in `failures`. "too_large" occurs during reading and annotation, the last two only
# during annotation; "no_records" stands for a file of a supported format without records.
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
# Records that the corpus itself excludes do not count as failures of the run.
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

    id (str): The record's own id, or else its source.
    source (str): The file, and the line or number in it.
    content (str | bytes): The text, or a Doc as bytes.
    meta (str): The record's further keys as JSON; empty if there are none.
    problem (Problem | None): Why the record cannot be annotated; None if it can.
    version (int): The version of a PubMed citation; several versions share one id.
    left_out (int): Number of characters in other languages that `content` does not contain.
    is_citation (bool): Whether it is one of PubMed's.
    utf8_file (str): On the first record of a file, the file's name if it is read as UTF-8 although
        another encoding is named; see `files.is_utf8_instead`.
    """

    id: str
    source: str
    content: str | bytes = ""
    meta: str = ""
    problem: Problem | None = None
    version: int = 1
    left_out: int = 0
    is_citation: bool = field(default=False, compare=False)
    utf8_file: str = field(default="", compare=False)

    def without_content(self, kind: FailureKind, reason: str) -> "CorpusRecord":
        """Return the record without its content, marked as not annotated.

        kind (FailureKind): The kind of failure.
        reason (str): The reason, which is shortened to one line of at most `LINE` characters.
        RETURNS (CorpusRecord): A copy with a problem.
        """
        problem = Problem(kind, shorten(reason, LINE))
        return replace(self, content="", meta="", problem=problem, left_out=0)


@dataclass(frozen=True)
class Partition:
    """Records that are written together: a partition of a corpus, or a piece of one.

    number (int): The number of the partition, from 0.
    records (Sequence[CorpusRecord]): The records.
    n_bytes (int): The approximate size of the records in the input.
    first (int | None): For a piece, the index of its first record in the whole partition.
    skipped (int): Bytes of the input before it that an earlier run finished.
    """

    number: int
    records: Sequence[CorpusRecord]
    n_bytes: int
    first: int | None = None
    skipped: int = 0

    @property
    def name(self) -> str:
        """The name of its folder: "part-000007", or "part-000007.00000-00500" for a piece."""
        whole = f"part-{self.number:06d}"
        if self.first is None:
            return whole
        return f"{whole}.{self.first:05d}-{self.first + len(self.records):05d}"

    def halves(self) -> "tuple[Partition, Partition]":
        """Cut the partition into two pieces with about the same number of records."""
        middle = len(self.records) // 2
        left, right = self._piece(0, middle), self._piece(middle, len(self.records))
        return replace(left, skipped=self.skipped), right

    def without(self, done: Sequence[RecordRange]) -> "Iterator[Partition]":
        """Yield the pieces that are not finished yet.

        All runs cut at the same places, so that of any two pieces either one contains the other,
        or they share no record; see `effective`.

        done (Sequence[RecordRange]): The finished pieces: index of the first record, and one past
            the last, in the whole partition.
        """
        start = self.first or 0
        end = start + len(self.records)
        if any(a <= start and end <= b for a, b in done):
            return
        if all(b <= start or end <= a for a, b in done):
            yield self
            return
        for half in self.halves():
            yield from half.without(done)

    def _piece(self, start: int, end: int) -> "Partition":
        n_bytes = self.n_bytes * (end - start) // max(len(self.records), 1)
        return Partition(
            self.number, self.records[start:end], n_bytes, first=(self.first or 0) + start
        )


def effective(names: Iterable[str]) -> Iterator[str]:
    """Yield the names of partitions and pieces, without pieces that lie in another one.

    Two workers can write the same records, if one was believed to be dead.

    names (Iterable[str]): See `Partition.name`.
    YIELDS (str): Names with each record once.
    """
    pieces: dict[int, list[tuple[RecordRange, str]]] = {}
    whole: set[int] = set()
    for name in names:
        number, span = parse_partition_name(name)
        if span is None:
            whole.add(number)
            yield name
        else:
            pieces.setdefault(number, []).append((span, name))
    for number, found in pieces.items():
        end = 0
        for span, name in sorted(found, key=lambda piece: (piece[0][0], -piece[0][1])):
            if number not in whole and span[1] > end:
                yield name
                end = span[1]


def partition_order(name: str) -> tuple[int, RecordRange]:
    """Return the sort key of a partition's name: its number, and the range of its records."""
    number, span = parse_partition_name(name)
    return number, span or (0, 0)


def parse_partition_name(name: str) -> tuple[int, RecordRange | None]:
    """Return the number in a partition's name, and for a piece the range of its records."""
    number, _, span = name.removeprefix("part-").partition(".")
    if not span:
        return int(number), None
    first, _, end = span.partition("-")
    return int(number), (int(first), int(end))
