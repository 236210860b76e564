"""The files of a corpus in an object store, which are fetched one at a time."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from spacy_gliner_biomed.common.folders import kind_of
from spacy_gliner_biomed.common.object_store import ObjectStore
from spacy_gliner_biomed.distributed.corpus_files import (
    NotRead,
    Size,
    may_have_records,
    measure_files,
)
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions

HEAD = 1 << 18  # bytes that are fetched to tell a format
# Keys of an object's details that change with its content, in the different packages of fsspec.
VERSIONS = ("ETag", "etag", "blob_id", "md5Hash", "content_md5", "LastModified", "mtime", "created")


@dataclass(frozen=True)
class RemoteFile:
    """An object of a corpus; see `corpus_files.CorpusFile`.

    store (ObjectStore): The corpus.
    key (str): The object's name below the URL; empty if the URL is that of the object.
    size (int): In bytes.
    version (str): A value that changes with the content, such as an ETag.
    """

    store: ObjectStore
    key: str
    size: int
    version: str

    @property
    def name(self) -> str:
        """The path inside the corpus."""
        return self.key or self.store.url.rpartition("/")[2]

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Fetch the object into a temporary file."""
        with TemporaryDirectory() as folder:
            path = Path(folder, PurePosixPath(self.name).name)
            with suppress(FileNotFoundError):  # the reader reports it
                self.store.download(self.key, path)
            yield path

    @contextmanager
    def beginning(self) -> Iterator[Path]:
        """Fetch the beginning of the object into a temporary file of the same ending."""
        with TemporaryDirectory() as folder:
            path = Path(folder, PurePosixPath(self.name).name)
            self.store.download(self.key, path, min(HEAD, self.size))
            if path.suffix.lower() == ".gz":
                _close_gzip(path)
            yield path

    def renamed(self, record: CorpusRecord, path: Path) -> CorpusRecord:
        """Return a record whose reason names the URL and not the temporary file."""
        if record.problem is None:
            return record
        url = self.store.location(self.key)
        reason = record.problem.reason.replace(str(path), url).replace(path.as_posix(), url)
        return replace(record, problem=replace(record.problem, reason=reason))


class RemoteFiles:
    """The objects whose names begin with a URL; see `corpus_files.CorpusFiles`.

    store (ObjectStore): The corpus.
    reading (ReadOptions): How the files will be read.
    """

    def __init__(self, store: ObjectStore, reading: ReadOptions = DEFAULTS) -> None:
        self.store = store
        self.reading = reading

    def walk(self, not_read: NotRead | None = None) -> Iterator[RemoteFile]:
        """Find the objects of supported formats, in the order of a file system."""
        not_read = NotRead() if not_read is None else not_read
        found = self.store.details()
        for key in sorted(found, key=_order):
            if any(part.startswith(".") for part in key.split("/")):
                continue
            file = RemoteFile(self.store, key, int(found[key].get("size") or 0), _tell(found[key]))
            name = Path(file.name)
            if may_have_records(name, self.reading, file.beginning, alone=not key):
                yield file
            else:
                not_read.add(kind_of(name), file.name)

    def measure(self) -> Size:
        """Count the objects."""
        not_read = NotRead()
        files = list(self.walk(not_read))
        if not files and not not_read.counts:
            raise ValueError(Errors.E323.format(url=self.store.url))
        found = ((file.name, file.size, file.version) for file in files)
        return measure_files(found, not_read, self.store.url)


def _order(key: str) -> list[tuple[bool, str]]:
    """Sort the files of a folder before its subfolders."""
    *folders, name = key.split("/")
    return [*((True, folder) for folder in folders), (False, name)]


def _tell(details: Mapping[str, Any]) -> str:
    return next((str(details[key]) for key in VERSIONS if details.get(key)), "")


def _close_gzip(path: Path) -> None:
    """Turn the beginning of a compressed file into a complete compressed file."""
    try:
        content = zlib.decompressobj(wbits=31).decompress(path.read_bytes())
    except zlib.error:  # the reader reports it
        return
    path.write_bytes(gzip.compress(content, compresslevel=1))
