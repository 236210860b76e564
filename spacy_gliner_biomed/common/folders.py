"""Find the files of supported formats in a folder, and report the others."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.errors import Warnings

NAMED = 3  # files of each kind that are named
UNREADABLE, LINKED = "unreadable folder", "linked folder"

# The kind and name of each file or folder that is not read.
Unread = list[tuple[str, str]]


def find_files(folder: Path, endings: Collection[str]) -> tuple[list[Path], Unread]:
    """Find the files in a folder and its subfolders.

    Hidden files and folders, whose names begin with a dot, are skipped and not counted.

    folder (Path): The folder.
    endings (Collection[str]): Supported endings, such as ".txt" or ".jsonl.gz".
    RETURNS (tuple[list[Path], Unread]): The files with a supported ending, sorted, and all others.
    """
    found: list[Path] = []
    unread: Unread = []

    def note_folder(kind: str, path: Path) -> None:
        unread.append((kind, str(path) if kind == UNREADABLE else path.name))

    for path in walk_files(folder, note_folder):
        if ending_of(path, endings) is None:
            unread.append((kind_of(path), path.name))
        elif is_device(path):
            unread.append(("pipe or device", path.name))
        else:
            found.append(path)
    return sorted(found), unread


def walk_files(folder: Path, note_folder: Callable[[str, Path], None]) -> Iterator[Path]:
    """Find all files in a folder and its subfolders but hidden ones.

    Only the names of one folder at a time are in memory.

    folder (Path): The folder.
    note_folder (Callable[[str, Path], None]): Gets the kind (`UNREADABLE` or `LINKED`) and the path
        of each folder that is not read.
    YIELDS (Path): Files in the order of their names, those of a folder before its subfolders.
    """

    def note_error(error: OSError) -> None:
        note_folder(UNREADABLE, Path(error.filename))

    for parent, folders, names in os.walk(folder, onerror=note_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(parent, name) for name in folders):
            if path.is_symlink():  # it may lead back to a parent folder
                note_folder(LINKED, path)
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def is_device(path: Path) -> bool:
    """Return whether a file is a pipe or device, whose reading may never end."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # such as a broken link, which is reported when it is read
        return False


def ending_of(path: Path, endings: Iterable[str]) -> str | None:
    """Return the longest of some endings that a file name has, in any case; None if it has none."""
    name = path.name.lower()
    return max((ending for ending in endings if name.endswith(ending)), key=len, default=None)


def warn_unread(unread: Sequence[tuple[str, str]], endings: Iterable[str]) -> None:
    """Warn once about the files that are not read: the number of each kind and the first names.

    unread (Sequence[tuple[str, str]]): See `find_files`.
    endings (Iterable[str]): The supported endings.
    """
    if not unread:
        return
    kinds = []
    for kind, group in groupby(sorted(unread), key=lambda entry: entry[0]):
        names = [name for _, name in group]
        kinds.append(f"{len(names):,} {kind} ({list_names(names, NAMED)})")
    allowed = ", ".join(sorted(endings))
    warn(Warnings.W160.format(n=len(unread), found="; ".join(kinds), endings=allowed))


def kind_of(path: Path) -> str:
    """Return the ending of a file name; both endings if it is compressed."""
    name = Path(path.name.lower())
    inner = Path(name.stem).suffix if name.suffix == ".gz" else ""
    return f"{inner}{name.suffix}" or "without ending"
