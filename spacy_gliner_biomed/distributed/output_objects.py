"""An output in an object store: a partition appears by the object that marks it, written last."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from spacy_gliner_biomed.common.object_store import ObjectStore
from spacy_gliner_biomed.distributed.object_lock import FOLDER as LOCKS
from spacy_gliner_biomed.distributed.object_lock import ObjectLock
from spacy_gliner_biomed.distributed.output_folder import MANIFEST, PART, PARTS

MARKERS = "commits"
LOGS = "log"
ATTEMPTS = "attempts"
OWN_NAMES = (LOCKS, LOGS)  # what exists before the manifest


class OutputObjects:
    """Where a run writes, in an object store; see `result_storage.RunOutput` for the methods.

    The files of a partition are below `parts/NAME/ATTEMPT/`. Each attempt has its own name, so
    that two of them never mix. `commits/NAME.json` names the attempt that counts. It is created
    on the condition that there is none, after all files: until then, the partition is not there.

    store (ObjectStore): The store.
    """

    log_seconds = 30.0

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.location = store.url
        self.lock = ObjectLock(store)
        self.started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.n_logs = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.store,)  # the lock is its holder's alone

    def absolute(self) -> "OutputObjects":
        """Return itself: a URL is valid everywhere."""
        return self

    def commit(
        self, name: str, files: Mapping[str, bytes], counts: bytes, fence: Callable[[], None]
    ) -> None:
        """Write a partition: its files, then the marker."""
        attempt = uuid4().hex[:12]
        written = [f"{PARTS}/{name}/{attempt}/{path}" for path in files]
        try:
            for path, content in zip(written, files.values(), strict=True):
                self.store.write(path, content)
            fence()
            used = self.has(name)
        except BaseException:
            self._discard(written)
            raise
        # If this fails, the store may have the marker all the same: the files stay.
        marker = {"attempt": attempt, "files": sorted(files), "counts": json.loads(counts)}
        if used or not self.store.create(_marker(name), json.dumps(marker).encode()):
            self._discard(written)

    def has(self, name: str) -> bool:
        """Return whether a partition is written, whatever listings say."""
        return self.store.read(_marker(name)) is not None

    def partitions(self) -> Iterator[str]:
        """Yield the names of written partitions."""
        for path in self.store.names(MARKERS):
            if PART.fullmatch(name := _partition(path)):
                yield name

    def counts(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the place and content of the counts of each partition."""
        for path, content in self.store.read_many(map(_marker, names)):
            yield self.store.location(path), _counts(content)

    def part_locations(self, names: Iterable[str], path: str) -> Iterator[str]:
        """Yield the URL of a file of each partition."""
        for marker, content in self.store.read_many(map(_marker, names)):
            yield self.store.location(_part(_partition(marker), content, path))

    def read_part(self, name: str, path: str) -> bytes:
        """Read a file of a partition."""
        marker = self.store.read(_marker(name))
        content = None if marker is None else self.store.read(_part(name, marker, path))
        if content is None:
            raise FileNotFoundError(self.store.location(f"{PARTS}/{name}/*/{path}"))
        return content

    def read_manifest(self) -> bytes | None:
        """Read the manifest; None if there is none."""
        return self.store.read(MANIFEST)

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest; only the holder of the lock does.

        RAISES (ValueError): If another run has the lock.
        """
        if self.lock.number:
            self.lock.check()
        self.store.write(MANIFEST, content)

    def write_log(self, lines: bytes) -> None:
        """Write lines of the log as an object of their own: objects cannot grow."""
        self.n_logs += 1
        self.store.write(f"{LOGS}/{self.started}-{self.n_logs:06d}.jsonl", lines)

    def note_attempt(self, name: str) -> int:
        """Note an attempt at a partition, and return the number of attempts in this run."""
        self.store.write(f"{ATTEMPTS}/{name}/{uuid4().hex}", b".")
        return len(list(self.store.names(f"{ATTEMPTS}/{name}")))

    def forget_attempts(self, name: str) -> None:
        """Reset the number of attempts at a partition."""
        self.store.remove(list(self.store.names(f"{ATTEMPTS}/{name}")))

    def remove_unfinished(self) -> None:
        """Remove the numbers of attempts. Files stay until the end of a run: a worker of a killed
        run may still be about to mark them.
        """
        self.store.remove(list(self.store.names(ATTEMPTS)))

    def remove_unused(self, names: Iterable[str]) -> None:
        """Remove the files of attempts that do not count. When all partitions are marked, nobody
        can mark another attempt, if the store checks conditions.
        """
        if not self.lock.exclusive:
            return
        self.lock.check()
        markers = self.store.read_many(map(_marker, names))
        used = {f"{PARTS}/{_partition(path)}/{_attempt(marker)}" for path, marker in markers}
        unused = [n for n in self.store.names(PARTS) if "/".join(n.split("/")[:3]) not in used]
        self.store.remove(unused)

    def has_foreign_files(self) -> bool:
        """Return whether there are objects but no manifest, so that it is not an output."""
        names = self.store.top()
        return MANIFEST not in names and not all(name in OWN_NAMES for name in names)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the output for one run."""
        self.lock = ObjectLock(self.store, self.lock.lease)
        with self.lock.held():
            yield

    def _discard(self, written: list[str]) -> None:
        try:
            self.store.remove(written)
        except OSError:  # the end of a run removes it
            return


def _marker(name: str) -> str:
    return f"{MARKERS}/{name}.json"


def _partition(marker: str) -> str:
    return marker.removeprefix(f"{MARKERS}/").removesuffix(".json")


def _attempt(marker: bytes) -> str:
    return str(json.loads(marker)["attempt"])


def _part(name: str, marker: bytes, path: str) -> str:
    return f"{PARTS}/{name}/{_attempt(marker)}/{path}"


def _counts(marker: bytes) -> bytes:
    """Return the counts of a marker; a damaged one as it is, for the message."""
    try:
        return json.dumps(json.loads(marker)["counts"]).encode()
    except (ValueError, KeyError, TypeError):
        return marker
