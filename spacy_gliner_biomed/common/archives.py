"""Read the files of ZIP archives in place: nothing is unpacked, so no path is written to."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from spacy_gliner_biomed.errors import Errors

MAX_BYTES = 1 << 28  # of one file, unpacked: it is read whole
MAX_RATIO = 200  # unpacked to packed size; text has 3 to 10, a ZIP bomb about 1,000
ENCRYPTED = 0x1  # a flag of a file


@dataclass(frozen=True)
class Member:
    """A file of an open archive, with what `common.files` uses of a `Path`."""

    archive: ZipFile
    name: str

    def __str__(self) -> str:
        return f"{self.archive.filename}/{self.name}"

    @property
    def suffix(self) -> str:
        """The ending of the name."""
        return PurePosixPath(self.name).suffix

    def is_file(self) -> bool:
        """Return True: folders are no members."""
        return True

    def open(self, mode: str) -> IO[bytes]:
        """Open it for reading. No more is read than the size that was checked."""
        return self.archive.open(self.name)


@contextmanager
def open_archive(path: Path) -> Iterator[list[Member]]:
    """Open a ZIP archive.

    path (Path): The archive.
    YIELDS (list[Member]): Its files, without folders and hidden files, sorted by name.
    RAISES (ValueError): If it is no ZIP archive or damaged, has a name twice, is encrypted, or
        is larger than the limits when unpacked.
    """
    try:
        with ZipFile(path) as archive:
            found = [info for info in archive.infolist() if not _is_skipped(info)]
            _check(found, path.stat().st_size)
            yield [Member(archive, name) for name in sorted(info.filename for info in found)]
    except (BadZipFile, LargeZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(Errors.E206.format(path=path, error=error)) from error


def _is_skipped(info: ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or any(part.startswith(".") and part != ".." for part in parts)


def _check(found: list[ZipInfo], packed: int) -> None:
    """RAISES (BadZipFile): If a file cannot be read safely."""
    names = set()
    for info in found:
        if info.filename in names:
            raise BadZipFile(f"{info.filename!r} is in it twice")
        names.add(info.filename)
        if info.flag_bits & ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise BadZipFile(f"{info.filename!r} is encrypted or compressed in an unusual way")
        if info.file_size > MAX_BYTES:
            problem = f"{info.filename!r} has {info.file_size:,} bytes unpacked"
            raise BadZipFile(f"{problem}; the limit is {MAX_BYTES:,}")
    total = sum(info.file_size for info in found)
    if total > max(MAX_BYTES, MAX_RATIO * packed):
        raise BadZipFile(f"its files have {total:,} bytes unpacked, but {packed:,} packed")
