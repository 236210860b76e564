"""The files of a corpus: which can be read, and how many of other kinds there are."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from spacy_gliner_biomed.common.folders import ending_of, kind_of
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet", ".spacy", ".txt", ".xml", ".xml.gz")
MAX_KINDS = 12  # of files that are not read, each with a count of its own
OTHERS = "other files"


@dataclass
class NotRead:
    """Files and folders of a corpus that are not read, by kind: their ending, or what they are.

    counts (Counter[str]): How many of each kind.
    examples (dict[str, str]): The name of the first one of each kind.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count a file or folder."""
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
    """How large a corpus is.

    n_files, n_bytes (int): Of the files that can be read.
    digest (str): Of their names, sizes and times.
    not_read (NotRead): The other files.
    """

    n_files: int
    n_bytes: int
    digest: str
    not_read: NotRead


def walk_files(root: Path, not_read: NotRead | None = None) -> Iterator[Path]:
    """The readable files in a folder, without hidden ones; holds the names of one folder.

    root (Path): A folder, or a file.
    not_read (NotRead | None): To count the other files in.
    YIELDS (Path): In the order of their names, those of a folder before those of its folders.
    """
    not_read = NotRead() if not_read is None else not_read
    if not root.is_dir():
        if _is_readable(root, root, not_read):
            yield root
        return

    def note_error(error: OSError) -> None:
        not_read.add("unreadable folders", relative_name(Path(error.filename), root))

    for folder, folders, files in os.walk(root, onerror=note_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(folder, name) for name in folders):
            if path.is_symlink():  # it may lead back to where it is
                not_read.add("linked folders", relative_name(path, root))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and _is_readable(path, root, not_read):
                yield path


def measure_corpus(root: Path) -> Size:
    """Count the files of a corpus.

    RAISES (ValueError): If there is none that can be read.
    """
    if not root.exists():
        raise ValueError(Errors.E050.format(path=root))
    digest, n_files, n_bytes, not_read = blake2b(digest_size=16), 0, 0, NotRead()
    for path in walk_files(root, not_read):
        size, time = _size_and_time(path)
        digest.update(f"{relative_name(path, root)}\0{size}\0{time}\n".encode())
        n_files, n_bytes = n_files + 1, n_bytes + size
    if not n_files:
        found = str(not_read) or "no file"
        raise ValueError(Errors.E106.format(path=root, endings=", ".join(ENDINGS), found=found))
    return Size(n_files, n_bytes, digest.hexdigest(), not_read)


def file_size(path: Path) -> int:
    """Bytes of a file; 0 if it is gone, which is reported when it is read."""
    return _size_and_time(path)[0]


def relative_name(path: Path, root: Path) -> str:
    r"""A file's name inside the corpus, so that ids are the same wherever it lies.

    Bytes of it that are no UTF-8 are written as "\xe9": ids and tables hold text.
    """
    return _as_text(path.relative_to(root).as_posix() if path != root else path.name)


def _is_readable(path: Path, root: Path, not_read: NotRead) -> bool:
    if ending_of(path, ENDINGS) is None:
        not_read.add(_as_text(kind_of(path)), relative_name(path, root))
        return False
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a dead link, which is reported when it is read
        return True
    if not regular:  # to read a pipe may take for ever
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
