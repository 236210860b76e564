"""The output folder: atomically written partitions, a lock and a manifest."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from spacy_gliner_biomed.common.files import open_output, read_text, sync_folder
from spacy_gliner_biomed.common.json_text import parse_json_object
from spacy_gliner_biomed.common.optional import import_optional, import_parquet
from spacy_gliner_biomed.distributed.records import RecordRange, parse_partition_name
from spacy_gliner_biomed.distributed.result_tables import Results, TableRow, columns_of
from spacy_gliner_biomed.errors import Errors

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not detected there
    fcntl = None  # type: ignore[assignment]

PARTS = "parts"
COUNTS = "counts.json"
MANIFEST = "manifest.json"
LOG = "log.jsonl"
LOCK = ".lock"
ATTEMPTS = ".attempts"
PART = re.compile(r"part-\d{6,}(\.\d{5,}-\d{5,})?")  # see `Partition.name`
OWN_FILES = (LOCK, LOG, f".{MANIFEST}.")  # prefixes of files that exist before the manifest
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # a link may lead to a file of somebody else


class Storage:
    """Writes and finds partitions.

    folder (Path): The output folder.
    format_ (str): "parquet" or "jsonl" for the tables. The other formats write JSON lines and,
        in addition, the documents in that format.
    run (int | None): If given, writing is refused once a run with another number has begun.
    """

    def __init__(self, folder: Path, format_: str, run: int | None = None) -> None:
        self.folder = folder
        self.parts = folder / PARTS
        self.format = format_
        self.run = run

    def absolute(self) -> "Storage":
        """Return a copy whose path is valid in any working directory."""
        return Storage(self.folder.resolve(), self.format, self.run)

    def fenced(self) -> "Storage":
        """Return a copy for the workers of the current run. If the driver is killed and another
        run begins, their writes are refused.
        """
        return Storage(self.folder, self.format, self._last_run())

    def write(self, name: str, results: Results) -> None:
        """Write a partition atomically: with all its files or not at all.

        name (str): See `Partition.name`. An existing partition is left unchanged.
        results (Results): The tables and further files.
        RAISES (OSError): If it cannot be written; no partial files are left behind.
        RAISES (ValueError): If another run has begun.
        """
        temporary = self.parts / f".{name}.{uuid4().hex[:12]}"
        try:
            temporary.mkdir(parents=True)
            for table, rows in results.tables.items():
                self._write_table(temporary, table, rows, results.attributes)
            for path, content in results.files.items():
                (temporary / path).parent.mkdir(exist_ok=True)
                write_synced(temporary / path, content)
            write_synced(temporary / COUNTS, json.dumps(results.counts()).encode("utf8"))
            for folder in {temporary, *((temporary / path).parent for path in results.files)}:
                sync_folder(folder)
            if self.run is not None and self.run != self._last_run():
                raise ValueError(Errors.E109.format(path=self.folder))
            if not self.has(name):
                temporary.rename(self.parts / name)
                sync_folder(self.parts)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def has(self, name: str) -> bool:
        """Return whether a partition is finished."""
        return (self.parts / name).is_dir()

    def counts(self, name: str) -> Counter[str]:
        """Return the counts of a finished partition, see `Results.counts`.

        name (str): The partition's name.
        RETURNS (Counter[str]): The counts.
        RAISES (ValueError): If the file with the counts is damaged.
        """
        hint = "Remove this part's folder, and run the command again with --resume."
        return Counter(_read_object(self.parts / name / COUNTS, hint))

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

    def total(self) -> Counter[str]:
        """Return the sum of the counts of all finished partitions."""
        total = Counter[str]()
        for name in self.names():
            total.update(self.counts(name))
        return total

    def names(self) -> Iterator[str]:
        """Yield the names of the finished partitions, in no particular order."""
        if self.parts.is_dir():
            with os.scandir(self.parts) as entries:
                yield from (entry.name for entry in entries if PART.fullmatch(entry.name))

    def note_attempt(self, name: str) -> int:
        """Note an attempt at a partition, and return the number of attempts in this run."""
        folder = self.folder / ATTEMPTS
        folder.mkdir(exist_ok=True)
        with (folder / name).open("ab") as stream:
            stream.write(b".")
            return stream.tell()

    def forget_attempts(self, name: str) -> None:
        """Reset the number of attempts at a partition."""
        (self.folder / ATTEMPTS / name).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Remove the unfinished files of a killed run."""
        shutil.rmtree(self.folder / ATTEMPTS, ignore_errors=True)
        for path in self.parts.glob(".part-*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.glob(f".{MANIFEST}.*"):
            path.unlink(missing_ok=True)

    def has_foreign_files(self) -> bool:
        """Return whether the folder holds files but no manifest, so that it is not an output."""
        if (self.folder / MANIFEST).exists():
            return False
        return not all(path.name.startswith(OWN_FILES) for path in self.folder.iterdir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one run. The lock is released when the process ends in any way.

        RAISES (ValueError): If another run holds the lock.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | NO_LINK, 0o666)
        with os.fdopen(descriptor, "r+") as lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise ValueError(Errors.E102.format(path=self.folder)) from error
            yield

    def read_manifest(self) -> dict[str, Any] | None:
        """Read the manifest of an earlier run.

        RETURNS (dict[str, Any] | None): The manifest; None if there is none.
        RAISES (ValueError): If it is damaged.
        """
        path, hint = self.folder / MANIFEST, "Choose another folder, or empty this one."
        return _read_object(path, hint) if path.exists() else None

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest atomically."""
        with open_output(self.folder / MANIFEST) as stream:
            stream.write(json.dumps(manifest, indent=2).encode("utf8") + b"\n")

    def _last_run(self) -> int:
        return len((self.read_manifest() or {"runs": []})["runs"])

    def _write_table(
        self, folder: Path, table: str, rows: list[TableRow], attributes: Sequence[str]
    ) -> None:
        if self.format != "parquet":
            lines = [json.dumps(row, ensure_ascii=False).encode("utf8") + b"\n" for row in rows]
            write_synced(folder / f"{table}.jsonl", b"".join(lines))
            return
        path, parquet = folder / f"{table}.parquet", import_parquet("Parquet output")
        parquet.write_table(arrow_table(table, rows, attributes), path, compression="zstd")
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _read_object(path: Path, hint: str) -> dict[str, Any]:
    """Read a JSON file of the output.

    hint (str): What to do if it is damaged, for the message.
    """
    try:
        return parse_json_object(read_text(path))
    except ValueError as error:
        message = Errors.E170.format(path=path, error=error, hint=hint)
        raise ValueError(message) from error


def arrow_table(table: str, rows: list[TableRow], attributes: Sequence[str] = ()) -> Any:
    """Return rows as a `pyarrow.Table` with the columns of `result_tables.columns_of`."""
    pyarrow = import_optional("pyarrow", "Parquet output", extra="parquet")
    schema = pyarrow.schema(list(columns_of(table, attributes).items()))
    return pyarrow.Table.from_pylist(rows, schema=schema)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
