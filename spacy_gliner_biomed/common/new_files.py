"""Write files that replace existing ones only when they are complete and on disk."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spacy_gliner_biomed.errors import Errors

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
NEW_FILE |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # not on every system


@contextmanager
def open_output(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces an existing one only when it is complete and on disk.

    If the run fails, an existing file stays unchanged. Of two runs at once, the last to end wins.

    path (Path): The file. Its folder is created. A link is followed; devices and pipes are written
        to directly.
    YIELDS (BinaryIO): The stream.
    RAISES (ValueError): If the path is a folder.
    """
    target = _real_target(path)
    if target is None:
        with os.fdopen(_open_device(path), "wb") as stream:
            yield stream
        return
    with _new_file(target) as (_, descriptor), os.fdopen(descriptor, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(descriptor)


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Replace a file as `open_output` does, for libraries that write to a path.

    path (Path): The file.
    YIELDS (Path): An empty file in the same folder, to write to.
    RAISES (ValueError): If the path is a folder, a device or a pipe.
    """
    target = _real_target(path)
    if target is None:
        reason = "it is a device or a pipe. Name a regular file"
        raise ValueError(Errors.E056.format(path=path, reason=reason))
    with _new_file(target) as (part, descriptor):
        os.close(descriptor)
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())


@contextmanager
def _new_file(target: Path) -> Iterator[tuple[Path, int]]:
    """Create a file beside the target that replaces the target at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.part")
    descriptor = os.open(part, NEW_FILE, 0o666)
    try:
        # The new file gets the permissions of the existing one.
        earlier = target if target.exists() else part
        mode = stat.S_IMODE(earlier.stat().st_mode)
        part.chmod(mode)
        yield part, descriptor
        part.chmod(mode)  # some libraries change it
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


def _real_target(path: Path) -> Path | None:
    """Return the file that a path leads to, even if it does not exist; None for devices and pipes.

    RAISES (ValueError): If it is a folder.
    """
    if path.is_dir():
        raise ValueError(Errors.E056.format(path=path, reason="it is a folder. Name a file in it"))
    if _is_descriptor(path) or (path.exists() and not path.is_file()):
        return None
    return Path(os.path.realpath(path))


def _open_device(path: Path) -> int:
    """Open a device or pipe for writing. An open file of this process, such as /dev/stdout, shares
    its position with all its writers; opening it again would overwrite their output.
    """
    link = _last_link(path)
    if str(link.parent) in (f"/proc/{os.getpid()}/fd", "/dev/fd") and link.name.isdigit():
        return os.dup(int(link.name))
    return os.open(path, os.O_WRONLY | os.O_APPEND)


def _is_descriptor(path: Path) -> bool:
    """Return whether a path is an open file of a process, as /dev/stdout is."""
    folder = str(_last_link(path).parent)
    return folder.startswith("/proc/") or folder == "/dev/fd"


def _last_link(path: Path) -> Path:
    """Follow links, except those to open files of a process."""
    for _ in range(40):  # links that Linux follows
        folder = os.path.realpath(path.parent)
        if folder.startswith("/proc/") or folder == "/dev/fd" or not path.is_symlink():
            return Path(folder, path.name)
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to disk, if the system supports it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems do not support it; the file itself is on disk
        pass
    finally:
        os.close(descriptor)
