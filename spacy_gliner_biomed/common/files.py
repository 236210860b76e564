"""Read text files with clear errors; see `new_files` for writing."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from spacy_gliner_biomed.common.archives import MAX_BYTES
from spacy_gliner_biomed.common.counted_stream import CountedStream, Position, truncated_lines
from spacy_gliner_biomed.common.encodings import is_single_byte, is_surely_utf8
from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.errors import Errors, Warnings

BOM = "\ufeff"
UTF8 = "utf-8"
DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
HEAD = 512  # bytes that are checked for UTF-16
CHUNK = 1 << 20  # characters


@contextmanager
def open_bytes(path: Path, position: Position | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading; decompress it if its name ends with .gz.

    path (Path): The file.
    position (Position | None): Kept up to date while the file is read.
    YIELDS (BinaryIO): Its bytes.
    RAISES (ValueError): While reading, if a compressed file is damaged.
    """
    try:
        with ExitStack() as stack:
            if position is None:
                yield stack.enter_context(_open(path))
                return
            raw = stack.enter_context(path.open("rb"))
            stream = cast(BinaryIO, CountedStream(raw, position))
            if _is_gzip(path):
                stream = cast(BinaryIO, stack.enter_context(gzip.open(stream)))
            yield stream
    except DAMAGED_GZIP as error:
        if not _is_gzip(path):
            raise
        raise ValueError(Errors.E161.format(path=path, error=error)) from error


@contextmanager
def open_text(path: Path, newline: str | None = None, encoding: str = UTF8) -> Iterator[TextIO]:
    r"""Open a file for reading as text, with or without a byte order mark; see `open_bytes`.

    path (Path): The file.
    newline (str | None): As in Python's `open`; None converts every line end to "\n".
    encoding (str): Its encoding; see `is_utf8_instead`. A UTF-16 file read as UTF-8 is refused.
    YIELDS (TextIO): Its text.
    RAISES (ValueError): While reading, if it has another encoding or is damaged; with the line
        number if it should be UTF-8.
    """
    utf8 = is_utf8(encoding) or is_utf8_instead(path, encoding)
    try:
        with _open(path) as stream:
            if utf8:
                _refuse_utf16(stream)
            codec = "utf-8-sig" if utf8 else encoding
            text = io.TextIOWrapper(stream, encoding=codec, newline=newline)
            try:
                yield text
            finally:
                text.detach()
    except UnicodeError as error:
        if not utf8 or not isinstance(error, UnicodeDecodeError):
            raise ValueError(
                Errors.E200.format(path=path, encoding=encoding, error=error)
            ) from error
        raise _encoding_error(path, error, *_find_problem(path)) from error
    except DAMAGED_GZIP as error:
        if not _is_gzip(path):
            raise
        where = f"{path}, line {_find_problem(path)[0]}"
        raise ValueError(Errors.E161.format(path=where, error=error)) from error


def is_utf8(encoding: str) -> bool:
    """Return whether a name of an encoding stands for UTF-8."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def is_utf8_instead(path: Path, encoding: str) -> bool:
    """Return whether a file is read as UTF-8 although a single-byte encoding is named, such as
    cp1252: if the whole file is valid UTF-8 with characters beyond ASCII.

    In the named encoding such a file would be full of "Ã©", without any error. Text that is in that
    encoding is hardly ever valid UTF-8.

    path (Path): The file. A pipe, which can be read only once, is read as named.
    encoding (str): The named encoding.
    """
    if is_utf8(encoding) or not is_single_byte(encoding) or not path.is_file():
        return False
    if not isinstance(path, Path):  # a file of an archive
        return _holds_utf8(path)
    found = path.stat()
    return _known_to_hold_utf8(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1024)  # a file is opened several times, first to detect its format
def _known_to_hold_utf8(path: Path, size: int, time: int) -> bool:
    return _holds_utf8(path)


def warn_of_utf8(paths: Iterable[Path], encoding: str) -> None:
    """Warn once about the files of which `is_utf8_instead` is true.

    paths (Iterable[Path]): The files whose encoding is named.
    encoding (str): The named encoding.
    """
    found = [path for path in paths if is_utf8_instead(path, encoding)]
    if found:
        names = list_names(map(str, found))
        warn(Warnings.W380.format(n=len(found), found=names, encoding=encoding))


def _holds_utf8(path: Path) -> bool:
    try:
        with _open(path) as stream:
            return is_surely_utf8(stream)
    except DAMAGED_GZIP:  # which is reported when it is read
        return False


def read_text(path: Path, encoding: str = UTF8) -> str:
    """Read a whole file as `open_text` does; keep its line ends, so that offsets stay valid.

    path (Path): The file.
    encoding (str): Its encoding.
    RETURNS (str): Its text.
    RAISES (ValueError): As `open_text` does, or if a compressed file is larger than the limit for
        files of ZIP archives when unpacked: a small one can be larger than the memory.
    """
    with open_text(path, newline="", encoding=encoding) as file:
        if unpacked_limit(path) is None:
            return file.read()
        parts = []
        for part in iter(partial(file.read, CHUNK), ""):
            parts.append(part)
            check_unpacked(path, file.buffer.tell())
        return "".join(parts)


def unpacked_limit(path: Path) -> int | None:
    """Return how long a text, line or record of a file may be; None if it is not compressed."""
    return MAX_BYTES if _is_gzip(path) else None


def check_unpacked(path: Path, size: int, where: str = "") -> None:
    """Check the size of a text, line or record.

    path (Path): Its file.
    size (int): Its bytes, or characters.
    where (str): Its place in the file, such as ", line 3", for the message.
    RAISES (ValueError): If the file is compressed, and it is larger than the limit.
    """
    limit = unpacked_limit(path)
    if limit is not None and size > limit:
        raise ValueError(Errors.E398.format(path=f"{path}{where}", limit=limit))


def read_lines(path: Path, encoding: str = UTF8) -> Iterator[tuple[int, str]]:
    """Read the lines of a file as `open_text` does.

    path (Path): The file.
    encoding (str): Its encoding.
    YIELDS (tuple[int, str]): The line number, from 1, and the line without its line end.
    RAISES (ValueError): As `open_text` does, or if a line of a compressed file is too long.
    """
    with open_text(path, encoding=encoding) as file:
        for number, line in enumerate(checked_lines(path, file), 1):
            yield number, line.rstrip("\n")


def checked_lines(path: Path, file: TextIO) -> Iterator[str]:
    """Read the lines of an open file with their line ends; see `check_unpacked`.

    path (Path): The file.
    file (TextIO): What `open_text` has opened.
    YIELDS (str): The lines.
    RAISES (ValueError): With file and line, if a line of a compressed file is too long.
    """
    limit = unpacked_limit(path)
    lines = file if limit is None else iter(partial(file.readline, limit + 1), "")
    for number, line in enumerate(lines, 1):
        check_unpacked(path, len(line), f", line {number}")
        yield line


def read_byte_lines(
    path: Path, *, max_bytes: int | None = None, position: Position | None = None
) -> Iterator[tuple[int, bytes]]:
    """Read lines without decoding them, for readers that go on after a broken line; see
    `decode_line`.

    path (Path): The file, see `open_bytes`.
    max_bytes (int | None): Longer lines are truncated to one byte more than this.
    position (Position | None): Kept up to date while the file is read.
    YIELDS (tuple[int, bytes]): The line number, from 1, and the line without its line end or a
        byte order mark.
    RAISES (ValueError): If the file is UTF-16, or is compressed and damaged.
    """
    with open_bytes(path, position) as stream:
        try:
            _refuse_utf16(stream)
        except UnicodeDecodeError as error:
            raise _encoding_error(path, error, 1, b"") from error
        lines = stream if max_bytes is None else truncated_lines(stream, max_bytes)
        for number, line in enumerate(lines, 1):
            content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            yield number, content.rstrip(b"\r\n")


def decode_line(path: Path, number: int, line: bytes) -> str:
    """Decode a line of `read_byte_lines`.

    path (Path): The file, for the message.
    number (int): The line number, for the message.
    line (bytes): The line.
    RETURNS (str): The text.
    RAISES (ValueError): With file and line, if it is not UTF-8.
    """
    try:
        return line.decode("utf8")
    except UnicodeDecodeError as error:
        raise _encoding_error(path, error, number, line) from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path) if _is_gzip(path) else path.open("rb"))


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _refuse_utf16(stream: BinaryIO) -> None:
    """RAISES (UnicodeDecodeError): If the file is UTF-16, which can be valid UTF-8 in part."""
    head = cast(io.BufferedReader, stream).peek(HEAD)[:HEAD]
    if _is_utf16(head):
        raise UnicodeDecodeError("utf-8", head, 0, 1, "the file is UTF-16")


def _is_utf16(head: bytes) -> bool:
    """Return whether bytes start with a UTF-16 mark, or every other byte is mostly zero."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    zeros = (head[::2].count(0), head[1::2].count(0))
    return len(head) >= 8 and min(zeros) == 0 and max(zeros) > 3 * len(head) // 8


def _find_problem(path: Path) -> tuple[int | str, bytes]:
    """Return the number of the first line that cannot be read, and its readable part."""
    if not path.is_file():  # a pipe can be read only once
        return "unknown", b""
    n_lines = 0
    try:
        with _open(path) as stream:
            for line in truncated_lines(stream, MAX_BYTES):
                n_lines += 1
                line.decode("utf8")
    except UnicodeDecodeError:
        return n_lines, line
    except DAMAGED_GZIP:
        return n_lines + 1, b""
    return 1, b""  # UTF-16 whose lines are also valid UTF-8


def _encoding_error(
    path: Path, error: UnicodeDecodeError, number: int | str, line: bytes
) -> ValueError:
    """Make the error for a line, whose bytes may be unknown."""
    found = f"byte 0x{error.object[error.start]:02x} ({error.reason})"
    if _is_utf16(error.object[:HEAD]) or (number == 1 and _is_utf16(line[:HEAD])):
        hint = "It looks like UTF-16"
    else:
        shown = line.decode("cp1252", "replace").strip()[:60]
        hint = f"If it is Windows-1252, the line reads {shown!r}"
    return ValueError(Errors.E160.format(path=path, line=number, found=found, hint=hint))
