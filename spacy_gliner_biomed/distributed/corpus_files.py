"""The files of a corpus: those of supported formats, and counts of all others."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from spacy_gliner_biomed.common.folders import ending_of, kind_of
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.distributed.pubmed import is_pubmed
from spacy_gliner_biomed.documents.inputs import ENDINGS as INPUT_ENDINGS
from spacy_gliner_biomed.documents.inputs import input_endings, is_readable
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions

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


def walk_files(
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

    def note_error(error: OSError) -> None:
        not_read.add("unreadable folders", relative_name(Path(error.filename), root))

    for folder, folders, files in os.walk(root, onerror=note_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(folder, name) for name in folders):
            if path.is_symlink():  # it may lead back to a parent folder
                not_read.add("linked folders", relative_name(path, root))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and _is_readable(path, root, not_read, reading):
                yield path


def measure_corpus(root: Path, reading: ReadOptions = DEFAULTS) -> Size:
    """Count the files of a corpus.

    root (Path): A folder or a file.
    reading (ReadOptions): How the files will be read.
    RETURNS (Size): The number, size and digest of the files.
    RAISES (ValueError): If there is no file of a supported format.
    """
    if not root.exists():
        raise ValueError(Errors.E050.format(path=root))
    digest, n_files, n_bytes, not_read = blake2b(digest_size=16), 0, 0, NotRead()
    for path in walk_files(root, not_read, reading):
        size, time = _size_and_time(path)
        digest.update(f"{relative_name(path, root)}\0{size}\0{time}\n".encode())
        n_files, n_bytes = n_files + 1, n_bytes + size
    if not n_files:
        found = str(not_read) or "no file"
        endings = ", ".join(ending for ending in ENDINGS if not ending.endswith(".gz"))
        raise ValueError(Errors.E106.format(path=root, endings=endings, found=found))
    return Size(n_files, n_bytes, digest.hexdigest(), not_read)


def file_size(path: Path) -> int:
    """Return the size of a file; 0 if it is missing, which is reported when it is read."""
    return _size_and_time(path)[0]


def relative_name(path: Path, root: Path) -> str:
    r"""Return a file's path inside the corpus, so that ids do not depend on the corpus's folder.

    Bytes that are not valid UTF-8 are escaped as "\xe9", because ids and tables hold text.
    """
    return _as_text(path.relative_to(root).as_posix() if path != root else path.name)


def _is_readable(path: Path, root: Path, not_read: NotRead, reading: ReadOptions) -> bool:
    """Return whether a file may hold records; if not, count it. What an XML file of an unknown form
    is, its reader says.
    """
    named = reading.data_format
    endings = ENDINGS if named is None else input_endings(named)
    unclear = named is None and not is_pubmed(path.name) and path.is_file()
    if not (named is not None and path == root) and (
        ending_of(path, endings) is None or (unclear and not is_readable(path, reading))
    ):
        not_read.add(_as_text(kind_of(path)), relative_name(path, root))
        return False
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a broken link, which is reported when it is read
        return True
    if not regular:  # reading a pipe may never end
        not_read.add("pipes and devices", relative_name(path, root))
    return regular


def _as_text(name: str) -> str:
    return os.fsencode(name).decode("utf8", "backslashreplace")


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
