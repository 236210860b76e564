"""The files of a corpus: those of supported formats, and counts of all others."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from spacy_gliner_biomed.common.folders import ending_of, is_device, kind_of, walk_files
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.distributed.pubmed import has_xml_ending
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.documents.inputs import ENDINGS as INPUT_ENDINGS
from spacy_gliner_biomed.documents.inputs import input_endings, is_readable
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.formats.detect import UNCLEAR
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.json_items import read_values

ENDINGS = (*INPUT_ENDINGS, ".parquet")
MAX_KINDS = 12  # kinds of unsupported files that are counted separately
OTHERS = "other files"


@dataclass
class NotRead:
    """Files and folders of a corpus that are not read, by kind: the ending or the type.

    counts (Counter[str]): The number of files of each kind.
    examples (dict[str, str]): The name of the first file of each kind.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count a file or folder.

        kind (str): The ending or the type.
        name (str): The name.
        """
        kind = shorten(kind, 20)
        kind = kind if kind in self.counts or len(self.counts) < MAX_KINDS else OTHERS
        self.counts[kind] += 1
        self.examples.setdefault(kind, name)

    def __str__(self) -> str:
        listed = (
            f"{n:,} {kind} ({shorten(self.examples[kind])})"
            for kind, n in self.counts.most_common()
        )
        return ", ".join(listed)


@dataclass(frozen=True)
class Size:
    """The size of a corpus.

    n_files (int): Number of files that can be read.
    n_bytes (int): Their total size.
    digest (str): A digest of their names, sizes and modification times.
    not_read (NotRead): The other files.
    """

    n_files: int
    n_bytes: int
    digest: str
    not_read: NotRead


class CorpusFile(Protocol):
    """A file of a corpus.

    name (str): Its path inside the corpus, so that ids do not depend on the corpus's folder.
    size (int): In bytes; 0 if it is missing, which is reported when it is read.
    """

    @property
    def name(self) -> str:
        """See the class."""

    @property
    def size(self) -> int:
        """See the class."""

    def local(self) -> AbstractContextManager[Path]:
        """Provide the file on this machine; raise OSError if it cannot be fetched."""

    def beginning(self) -> AbstractContextManager[Path]:
        """Provide the file, or enough of its beginning to detect its format."""

    def renamed(self, record: CorpusRecord, path: Path) -> CorpusRecord:
        """Return a record whose reason names the file itself, not the path from `local`."""


class CorpusFiles(Protocol):
    """The files of a corpus."""

    def walk(self, not_read: NotRead | None = None) -> Iterator[CorpusFile]:
        """Find the files of supported formats; skip hidden ones.

        not_read (NotRead | None): Counts the other files.
        YIELDS (CorpusFile): Files in the order of their names, those of a folder before its
            subfolders.
        """

    def measure(self) -> Size:
        """Count the files; raise ValueError if there is none of a supported format."""


@dataclass(frozen=True)
class LocalFile:
    """A file on a file system; see `CorpusFile`."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        """The size in bytes."""
        return _size_and_time(self.path)[0]

    def local(self) -> AbstractContextManager[Path]:
        """Give the file itself."""
        return nullcontext(self.path)

    beginning = local

    def renamed(self, record: CorpusRecord, path: Path) -> CorpusRecord:
        """Return the record."""
        return record


class LocalFiles:
    """The files of a folder and its subfolders; see `CorpusFiles`.

    Only the names of one folder at a time are in memory.

    root (Path): A folder or a file.
    reading (ReadOptions): How the files will be read.
    """

    def __init__(self, root: Path, reading: ReadOptions = DEFAULTS) -> None:
        self.root = root
        self.reading = reading

    def walk(self, not_read: NotRead | None = None) -> Iterator[LocalFile]:
        """Find the files of supported formats."""
        for path in find_corpus_files(self.root, not_read, self.reading):
            yield LocalFile(path, relative_name(path, self.root))

    def measure(self) -> Size:
        """Count the files."""
        if not self.root.exists():
            raise ValueError(Errors.E050.format(path=self.root))
        not_read = NotRead()
        found = ((file.name, *_size_and_time(file.path)) for file in self.walk(not_read))
        return measure_files(found, not_read, str(self.root))


def find_corpus_files(
    root: Path, not_read: NotRead | None = None, reading: ReadOptions = DEFAULTS
) -> Iterator[Path]:
    """Find the files of supported formats in a folder and its subfolders; skip hidden ones.

    Only the names of one folder at a time are in memory.

    root (Path): A folder or a file.
    not_read (NotRead | None): Counts the other files.
    reading (ReadOptions): How the files will be read.
    YIELDS (Path): Files in the order of their names, those of a folder before its subfolders.
    """
    not_read = NotRead() if not_read is None else not_read
    if not root.is_dir():
        if _is_readable(root, root, not_read, reading):
            yield root
        return

    def note_folder(kind: str, path: Path) -> None:
        not_read.add(f"{kind}s", relative_name(path, root))

    for path in walk_files(root, note_folder):
        if _is_readable(path, root, not_read, reading):
            yield path


def measure_files(files: Iterable[tuple[str, int, object]], not_read: NotRead, corpus: str) -> Size:
    """Add up the files of a corpus.

    files (Iterable[tuple[str, int, object]]): Name, size in bytes, and a version, which changes
        with the content.
    not_read (NotRead): The other files, complete when `files` is.
    corpus (str): Its folder or address, for the message.
    RETURNS (Size): The number, size and digest of the files.
    RAISES (ValueError): If there is no file.
    """
    digest, n_files, n_bytes = blake2b(digest_size=16), 0, 0
    for name, size, version in files:
        digest.update(f"{name}\0{size}\0{version}\n".encode())
        n_files, n_bytes = n_files + 1, n_bytes + size
    if not n_files:
        found = str(not_read) or "no file"
        endings = ", ".join(ending for ending in ENDINGS if not ending.endswith(".gz"))
        raise ValueError(Errors.E106.format(path=corpus, endings=endings, found=found))
    return Size(n_files, n_bytes, digest.hexdigest(), not_read)


def relative_name(path: Path, root: Path) -> str:
    r"""Return a file's path inside the corpus, so that ids do not depend on the corpus's folder.

    Bytes that are not valid UTF-8 are escaped as "\xe9", because ids and tables hold text.
    """
    return _as_text(path.relative_to(root).as_posix() if path != root else path.name)


def may_have_records(
    name: Path,
    reading: ReadOptions,
    beginning: Callable[[], AbstractContextManager[Path]] | None,
    *,
    alone: bool,
) -> bool:
    """Return whether a file may hold records. An XML file of unknown form counts as readable; its
    reader reports what it is.

    name (Path): The file.
    reading (ReadOptions): How it will be read.
    beginning (Callable | None): See `CorpusFile.beginning`; called if the ending leaves the format
        open. None for a path that is no regular file.
    alone (bool): Whether the corpus is this one file.
    RETURNS (bool): Whether to read it.
    """
    named = reading.data_format
    if named is not None and alone:
        return True
    if ending_of(name, ENDINGS if named is None else input_endings(named)) is None:
        return False
    clear = named is not None or has_xml_ending(name.name) or ending_of(name, UNCLEAR) is None
    if clear or beginning is None:
        return True
    with beginning() as path:
        return is_readable(path, reading) or has_text_key(path, reading)


def has_text_key(path: Path, reading: ReadOptions) -> bool:
    """Return whether the first record of a JSON file has the named key of texts, which
    `detect_format` does not know.
    """
    if reading.text_column is None or ending_of(path, (".json", ".json.gz")) is None:
        return False
    try:
        _, first = next(read_values(path, reading.encoding), (1, None))
    except (OSError, ValueError):  # reported when the file is read
        return False
    return isinstance(first, Mapping) and reading.text_column in first


def _is_readable(path: Path, root: Path, not_read: NotRead, reading: ReadOptions) -> bool:
    beginning = LocalFile(path, "").local if path.is_file() else None
    if not may_have_records(path, reading, beginning, alone=path == root):
        not_read.add(_as_text(kind_of(path)), relative_name(path, root))
        return False
    if is_device(path):
        not_read.add("pipes and devices", relative_name(path, root))
        return False
    return True


def _as_text(name: str) -> str:
    return os.fsencode(name).decode("utf8", "backslashreplace")


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
