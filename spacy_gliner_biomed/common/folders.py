"""Find the files of supported formats in a folder, and report the others."""

import os
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from pathlib import Path

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.errors import Warnings

NAMED = 3  # files of each kind that are named

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

    def note_error(error: OSError) -> None:
        unread.append(("unreadable folder", str(error.filename)))

    for place, folders, names in os.walk(folder, onerror=note_error):
        folders[:] = [name for name in folders if not name.startswith(".")]
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        unread += [("linked folder", name) for name in linked]
        for path in (Path(place) / name for name in names if not name.startswith(".")):
            if ending_of(path, endings) is None:
                unread.append((kind_of(path), path.name))
            elif path.exists() and not path.is_file():  # reading a pipe may never end
                unread.append(("pipe or device", path.name))
            else:
                found.append(path)
    return sorted(found), unread


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
