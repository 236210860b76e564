"""An output in a folder: a partition appears by renaming its folder; the lock is `flock`."""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from spacy_gliner_biomed.common.new_files import open_output, sync_folder
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


class OutputFolder:
    """Where a run writes, on a file system; see `result_storage.RunOutput` for the methods.

    location (Path): The folder.
    """

    log_seconds = 0.0

    def __init__(self, location: Path) -> None:
        self.location = location
        self.parts = location / PARTS

    def absolute(self) -> "OutputFolder":
        """Return a copy whose path is valid in any working directory."""
        return OutputFolder(self.location.resolve())

    def commit(
        self, name: str, files: Mapping[str, bytes], counts: bytes, fence: Callable[[], None]
    ) -> None:
        """Write a partition, all its files or none."""
        temporary = self.parts / f".{name}.{uuid4().hex[:12]}"
        try:
            temporary.mkdir(parents=True)
            for path, content in {**files, COUNTS: counts}.items():
                (temporary / path).parent.mkdir(exist_ok=True)
                write_synced(temporary / path, content)
            for folder in {temporary, *((temporary / path).parent for path in files)}:
                sync_folder(folder)
            fence()
            if not self.has(name):
                temporary.rename(self.parts / name)
                sync_folder(self.parts)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def has(self, name: str) -> bool:
        """Return whether a partition is written."""
        return (self.parts / name).is_dir()

    def partitions(self) -> Iterator[str]:
        """Yield the names of written partitions."""
        if self.parts.is_dir():
            with os.scandir(self.parts) as entries:
                yield from (entry.name for entry in entries if PART.fullmatch(entry.name))

    def counts(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the place and content of the counts of each partition."""
        for name in names:
            path = self.parts / name / COUNTS
            yield str(path), path.read_bytes()

    def part_locations(self, names: Iterable[str], path: str) -> Iterator[str]:
        """Yield the path of a file of each partition."""
        yield from (str(self.parts / name / path) for name in names)

    def read_part(self, name: str, path: str) -> bytes:
        """Read a file of a partition."""
        return (self.parts / name / path).read_bytes()

    def read_manifest(self) -> bytes | None:
        """Read the manifest; None if there is none."""
        path = self.location / MANIFEST
        return path.read_bytes() if path.exists() else None

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest atomically."""
        with open_output(self.location / MANIFEST) as stream:
            stream.write(content)

    def write_log(self, lines: bytes) -> None:
        """Append to the log: all lines or none."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK
        with os.fdopen(os.open(self.location / LOG, flags, 0o666), "ab", buffering=0) as stream:
            size, rest = stream.tell(), memoryview(lines)
            try:
                while rest:  # a disk that is nearly full may take only a part
                    rest = rest[stream.write(rest) :]
            except OSError:
                stream.truncate(size)
                raise

    def note_attempt(self, name: str) -> int:
        """Note an attempt at a partition, and return the number of attempts in this run."""
        folder = self.location / ATTEMPTS
        folder.mkdir(exist_ok=True)
        with (folder / name).open("ab") as stream:
            stream.write(b".")
            return stream.tell()

    def forget_attempts(self, name: str) -> None:
        """Reset the number of attempts at a partition."""
        (self.location / ATTEMPTS / name).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Remove the unfinished files of a killed run."""
        shutil.rmtree(self.location / ATTEMPTS, ignore_errors=True)
        for path in self.parts.glob(".part-*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.location.glob(f".{MANIFEST}.*"):
            path.unlink(missing_ok=True)

    def remove_unused(self, names: Iterable[str]) -> None:
        """Do nothing: `commit` leaves no files of failed attempts in a folder."""

    def has_foreign_files(self) -> bool:
        """Return whether there are files but no manifest, so that it is not an output."""
        if (self.location / MANIFEST).exists():
            return False
        return not all(path.name.startswith(OWN_FILES) for path in self.location.iterdir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one run. The lock is released when the process ends in any way."""
        self.location.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.location / LOCK, os.O_RDWR | os.O_CREAT | NO_LINK, 0o666)
        with os.fdopen(descriptor, "r+") as lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise ValueError(Errors.E102.format(path=self.location)) from error
            yield


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
