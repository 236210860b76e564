"""Objects under a URL such as s3://bucket/folder, through fsspec, with retries."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.retrying import retry_on_oserror
from spacy_gliner_biomed.errors import Errors

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
READ_ONLY = ("hf", "http", "https")
# Another attempt gives the same error.
FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError)
PATIENCE = 20.0  # seconds of waiting in one call, besides the retries of fsspec's packages
AT_ONCE = 500  # objects that are read or removed at once

T = TypeVar("T")


def as_location(location: str | Path) -> Path | str:
    """Return a URL as text without a slash at its end; a path, or the URL of one, as a path."""
    match = SCHEME.match(str(location))
    if match is None:
        return Path(location)
    if match[1].lower() == "file":
        return Path(url2pathname(urlsplit(str(location)).path))
    return str(location).rstrip("/")


class ObjectStore:
    """The objects whose names begin with a URL; can be pickled.

    An object is written whole or not at all. Errors that may pass, such as a server's 503, are
    retried; then they are OSErrors, whatever fsspec's package raises.

    url (str): The URL of a folder or an object.
    options (Mapping[str, Any] | None): Arguments of the file system of fsspec.
    RAISES (ImportError): If a package is missing.
    RAISES (ValueError): If there is no file system for the URL.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self.url = url.rstrip("/")
        self.options = dict(options or {})
        assert self._opened

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.url, self.options)

    def read(self, name: str) -> bytes | None:
        """Return an object's content; None if there is no such object."""
        try:
            return cast(bytes, self._call(partial(self._fs.cat_file, self._path(name))))
        except FileNotFoundError:
            return None

    def read_many(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of each object, several of which are read at once.

        RAISES (FileNotFoundError): If one is missing.
        """
        for some in batches(names, AT_ONCE):
            found = self._call(partial(self._fs.cat, [self._path(name) for name in some]))
            yield from ((name, found[self._path(name)]) for name in some)

    def write(self, name: str, content: bytes) -> None:
        """Write an object, or replace it."""
        self._call(partial(self._fs.pipe_file, self._path(name), content))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object if there is none; with a condition that the store checks.

        name (str): The object.
        content (bytes): Must differ from what anybody else writes.
        RETURNS (bool): Whether it is there with this content.
        """
        try:
            self._call(partial(self._fs.pipe_file, self._path(name), content, mode="create"))
        except FileExistsError:  # perhaps by an attempt whose answer was lost
            return self.read(name) == content
        return True

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of all objects below a folder.

        prefix (str): The folder, relative to the URL; "" for all.
        YIELDS (str): Names relative to the URL.
        """
        yield from self.details(prefix)

    def details(self, prefix: str = "") -> dict[str, Mapping[str, Any]]:
        """Return what the store tells about each object below a folder, by name."""
        try:
            found = self._call(partial(self._fs.find, self._path(prefix), detail=True))
        except FileNotFoundError:
            return {}
        return {self._relative(path): info for path, info in found.items()}

    def top(self) -> list[str]:
        """Return the names of the objects and folders directly below the URL."""
        try:
            found = self._call(partial(self._fs.ls, self._root, detail=False))
        except FileNotFoundError:
            return []
        return [self._relative(path) for path in found if self._relative(path)]

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects, if they are there."""
        left = iter(names)
        while some := [self._path(name) for name in islice(left, AT_ONCE)]:
            try:
                self._call(partial(self._fs.rm, some))
            except FileNotFoundError:
                continue

    def download(self, name: str, target: Path, max_bytes: int | None = None) -> None:
        """Copy an object, or its beginning, to a file.

        name (str): The object; "" if the URL is that of an object.
        target (Path): The file.
        max_bytes (int | None): Size of the beginning; None for all of it.
        RAISES (OSError): If it cannot be read.
        """
        if max_bytes is None:
            self._call(partial(self._fs.get_file, self._path(name), str(target)))
            return
        head = partial(self._fs.cat_file, self._path(name), start=0, end=max_bytes)
        target.write_bytes(self._call(head))

    def location(self, name: str) -> str:
        """Return the URL of an object."""
        return f"{self.url}/{name}" if name else self.url

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        core = import_optional("fsspec.core", f"Access to {self.url}", extra="storage")
        try:
            # Cached listings would hide what other processes write.
            options = {"use_listings_cache": False, **self.options}
            fs, root = core.url_to_fs(self.url, **options)
        except (ImportError, ValueError, TypeError) as error:
            problem = Errors.E320.format(url=self.url, error=shorten(error))
            raise ValueError(problem) from error
        return fs, root.rstrip("/")

    @property
    def _fs(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _relative(self, path: str) -> str:
        return path.rstrip("/").removeprefix(self._root).lstrip("/")

    def _call(self, act: Callable[[], T]) -> T:
        def translated() -> T:
            try:
                return act()
            except OSError:
                raise
            except Exception as error:  # each package of fsspec has its own exceptions
                problem = f"{type(error).__name__}: {shorten(error, 300)}"
                raise OSError(Errors.E322.format(url=self.url, error=problem)) from error

        return retry_on_oserror(translated, PATIENCE, final=FINAL)


def check_writable(location: Path | str) -> None:
    """Refuse a URL that is for input only.

    location (Path | str): A path or URL.
    RAISES (ValueError): With the scheme.
    """
    match = SCHEME.match(str(location))
    if match and match[1].lower() in READ_ONLY:
        raise ValueError(Errors.E321.format(url=location, scheme=match[1].lower()))
