"""The output of a run: partitions that appear as a whole, a lock and a manifest."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from spacy_gliner_biomed.common.json_text import dump_json, parse_json_object
from spacy_gliner_biomed.common.object_store import ObjectStore, as_location, check_writable
from spacy_gliner_biomed.common.optional import import_optional, import_parquet
from spacy_gliner_biomed.distributed.output_folder import MANIFEST, OutputFolder
from spacy_gliner_biomed.distributed.output_objects import OutputObjects
from spacy_gliner_biomed.distributed.records import RecordRange, effective, parse_partition_name
from spacy_gliner_biomed.distributed.result_tables import Results, TableRow, columns_of
from spacy_gliner_biomed.errors import Errors


class RunOutput(Protocol):
    """Where a run writes: `OutputFolder` or `OutputObjects`."""

    location: Any
    log_seconds: float  # seconds for which lines of the log are collected before they are written

    def absolute(self) -> "RunOutput":
        """Return a copy that is valid in any working directory."""

    def commit(
        self, name: str, files: Mapping[str, bytes], counts: bytes, fence: Callable[[], None]
    ) -> None:
        """Write a partition, unless it is there: all its files or none.

        name (str): See `Partition.name`.
        files (Mapping[str, bytes]): The content of each file.
        counts (bytes): The counts, as JSON.
        fence (Callable[[], None]): Called before the partition appears; raises if it must not.
        """

    def has(self, name: str) -> bool:
        """Return whether a partition is written."""

    def partitions(self) -> Iterator[str]:
        """Yield the names of written partitions, in no particular order."""

    def counts(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the place and content of the counts of each partition."""

    def part_locations(self, names: Iterable[str], path: str) -> Iterator[str]:
        """Yield the path or URL of a file of each partition."""

    def read_part(self, name: str, path: str) -> bytes:
        """Read a file of a partition."""

    def read_manifest(self) -> bytes | None:
        """Read the manifest; None if there is none."""

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest atomically."""

    def write_log(self, lines: bytes) -> None:
        """Add lines to the log."""

    def note_attempt(self, name: str) -> int:
        """Note an attempt at a partition, and return the number of attempts in this run."""

    def forget_attempts(self, name: str) -> None:
        """Reset the number of attempts at a partition."""

    def remove_unfinished(self) -> None:
        """Remove the unfinished files of a killed run; called when the next run begins."""

    def remove_unused(self, names: Iterable[str]) -> None:
        """Remove files that no partition uses; called when all partitions are finished.

        names (Iterable[str]): All partitions, see `Partition.name`.
        """

    def has_foreign_files(self) -> bool:
        """Return whether there are files but no manifest, so that it is not an output."""

    def locked(self) -> AbstractContextManager[None]:
        """Lock the output for one run; raise ValueError if another run holds the lock."""


class Storage:
    """Writes and finds partitions.

    folder (Path | str): The output folder, or a URL in an object store.
    format_ (str): "parquet" or "jsonl" for the tables. The other formats write JSON lines and,
        in addition, the documents in that format.
    run (str | None): If given, writing is refused once a run with another `run_id` has begun.
    options (Mapping[str, Any] | None): For a URL, arguments of the file system of fsspec.
    RAISES (ValueError): If the URL cannot be opened or written to.
    """

    def __init__(
        self,
        folder: Path | str,
        format_: str,
        run: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        location = as_location(folder)
        check_writable(location)
        self.output: RunOutput = (
            OutputFolder(location)
            if isinstance(location, Path)
            else OutputObjects(ObjectStore(location, options))
        )
        self.format = format_
        self.run = run

    @property
    def folder(self) -> Any:
        """The output folder, as a path; or its URL."""
        return self.output.location

    @property
    def parts(self) -> Path:
        """The folder of partitions, of an output on a file system."""
        assert isinstance(self.output, OutputFolder)
        return self.output.parts

    def absolute(self) -> "Storage":
        """Return a copy whose path is valid in any working directory."""
        return self._copy(self.output.absolute(), self.run)

    def fenced(self) -> "Storage":
        """Return a copy for the workers of the current run. If the driver is killed and another
        run begins, their writes are refused.
        """
        return self if self.run is not None else self._copy(self.output, self._last_run())

    def write(self, name: str, results: Results) -> None:
        """Write a partition atomically: with all its files or not at all.

        name (str): See `Partition.name`. An existing partition is left unchanged.
        results (Results): The tables and further files.
        RAISES (OSError): If it cannot be written; it does not appear.
        RAISES (ValueError): If another run has begun.
        """
        files = {
            self.file_of(table): self._table(table, rows, results.attributes)
            for table, rows in results.tables.items()
        }
        counts = json.dumps(results.counts()).encode("utf8")
        self.output.commit(name, {**files, **results.files}, counts, self._check_run)

    def has(self, name: str) -> bool:
        """Return whether a partition is finished."""
        return self.output.has(name)

    def counts(self, name: str) -> Counter[str]:
        """Return the counts of a finished partition, see `Results.counts`.

        name (str): The partition's name.
        RETURNS (Counter[str]): The counts.
        RAISES (ValueError): If the file with the counts is damaged.
        """
        return self._sum([name])

    def finished(self) -> dict[int, list[RecordRange] | None]:
        """Return the finished pieces of each partition that has results; None if it is complete."""
        found: dict[int, list[RecordRange] | None] = {}
        for name in self.names():
            number, span = parse_partition_name(name)
            pieces = found.setdefault(number, [])
            if span is None:
                found[number] = None
            elif pieces is not None:
                pieces.append(span)
        return found

    def total(self, known: Iterable[str] = ()) -> Counter[str]:
        """Return the sum of the counts of all finished partitions.

        known (Iterable[str]): Names of finished partitions, which a slow listing may lack.
        """
        return self._sum(effective({*self.output.partitions(), *known}))

    def names(self) -> Iterator[str]:
        """Yield the names of the finished partitions, in no particular order. A piece whose records
        are in a larger one, or in the whole partition, is left out.
        """
        yield from effective(self.output.partitions())

    def file_of(self, table: str) -> str:
        """Return the name of a table's file in each partition."""
        return f"{table}.{'parquet' if self.format == 'parquet' else 'jsonl'}"

    def remove_unused(self, known: Iterable[str]) -> None:
        """Remove what no partition uses, when all are finished; see `total`."""
        self.output.remove_unused(effective({*self.output.partitions(), *known}))

    def read_manifest(self) -> dict[str, Any] | None:
        """Read the manifest of an earlier run.

        RETURNS (dict[str, Any] | None): The manifest; None if there is none.
        RAISES (ValueError): If it is damaged.
        """
        content, hint = self.output.read_manifest(), "Choose another folder, or empty this one."
        return None if content is None else _parse(content, f"{self.folder}/{MANIFEST}", hint)

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest atomically."""
        self.output.write_manifest(json.dumps(manifest, indent=2).encode("utf8") + b"\n")

    def _copy(self, output: RunOutput, run: str | None) -> "Storage":
        copy = Storage.__new__(Storage)
        copy.output, copy.format, copy.run = output, self.format, run
        return copy

    def _sum(self, names: Iterable[str]) -> Counter[str]:
        hint, total = "Remove this part, and run the command again with --resume.", Counter[str]()
        for source, content in self.output.counts(names):
            total.update(_parse(content, source, hint))
        return total

    def _last_run(self) -> str | None:
        return (self.read_manifest() or {}).get("run_id")

    def _check_run(self) -> None:
        if self.run is not None and self.run != self._last_run():
            raise ValueError(Errors.E109.format(path=self.folder))

    def _table(self, table: str, rows: list[TableRow], attributes: Sequence[str]) -> bytes:
        if self.format != "parquet":
            return b"".join(dump_json(row) + b"\n" for row in rows)
        stream, parquet = BytesIO(), import_parquet("Parquet output")
        parquet.write_table(arrow_table(table, rows, attributes), stream, compression="zstd")
        return stream.getvalue()


def _parse(content: bytes, path: str, hint: str) -> dict[str, Any]:
    """Parse a JSON file of the output.

    path (str): The file, for the message.
    hint (str): What to do if it is damaged, for the message.
    """
    try:
        return parse_json_object(content.decode("utf8"))
    except ValueError as error:
        message = Errors.E170.format(path=path, error=error, hint=hint)
        raise ValueError(message) from error


def arrow_table(table: str, rows: list[TableRow], attributes: Sequence[str] = ()) -> Any:
    """Return rows as a table of pyarrow.

    table (str): One of `result_tables.COLUMNS`.
    rows (list[TableRow]): The rows.
    attributes (Sequence[str]): Custom attributes, which are further columns of `entities`.
    RETURNS (pyarrow.Table): The table, with the columns of `result_tables.columns_of`.
    RAISES (ImportError): If pyarrow is not installed.
    """
    pyarrow = import_optional("pyarrow", "Parquet output", extra="parquet")
    schema = pyarrow.schema(list(columns_of(table, attributes).items()))
    return pyarrow.Table.from_pylist(rows, schema=schema)
