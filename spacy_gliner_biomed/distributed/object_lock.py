"""A lock of an output in an object store, which has neither `flock` nor renames."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from spacy_gliner_biomed.common.object_store import ObjectStore
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Errors, Warnings

FOLDER = "locks"
LEASE = 30.0  # seconds without a sign of life after which a run counts as dead
BEATS = 5  # signs of life in that time


class ObjectLock:
    """A numbered object that its holder renews until it writes that it has ended.

    The next run creates the object with the next number, which only one can do, and only after
    the holder has ended or shown no sign of life for the time of the lease. The waiting run
    measures this time, so no two clocks are compared.

    store (ObjectStore): The output.
    lease (float): Seconds without a sign of life after which the holder counts as dead.
    """

    def __init__(self, store: ObjectStore, lease: float = LEASE) -> None:
        self.store = store
        self.lease = lease
        self.number = 0
        self.state: dict[str, Any] = {"holder": uuid4().hex, "beats": 0, "ended": False}
        self.stop = Event()
        self.lost = False
        self.exclusive = True  # whether the store checks conditions

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        RAISES (ValueError): If another run holds it.
        """
        self._acquire()
        thread = Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()
            with suppress(OSError):  # then the next run waits for the lease
                self._renew(ended=True)

    def check(self) -> None:
        """Raise ValueError if another run has taken the lock, for example while this one was
        suspended.
        """
        self.lost = self.lost or self.store.read(_name(self.number + 1)) is not None
        if self.lost:
            raise ValueError(Errors.E109.format(path=self.store.url))

    def _acquire(self) -> None:
        number = max((_number(name) for name in self.store.names(FOLDER)), default=0)
        while True:
            while self.store.read(_name(number + 1)) is not None:  # not listed yet
                number += 1
            if number and not self._is_free(number):
                raise ValueError(Errors.E102.format(path=self.store.url))
            if self.store.create(_name(number + 1), self._content()):
                break
        self.number = number + 1
        other = json.dumps({**self.state, "holder": ""}).encode()
        self.exclusive = not self.store.create(_name(self.number), other)
        if not self.exclusive:
            warn(Warnings.W321.format(path=self.store.url))
            self._renew()

    def _is_free(self, number: int) -> bool:
        """Return whether the holder has ended, or shows no sign of life."""
        found = first = self.store.read(_name(number))
        if not _has_ended(found):
            warn(Warnings.W320.format(path=self.store.url, seconds=round(self.lease)))
        end = time.monotonic() + self.lease
        while not _has_ended(found):
            if found != first:
                return False
            if time.monotonic() >= end:
                return True
            time.sleep(self.lease / BEATS / 2)
            found = self.store.read(_name(number))
        return True

    def _beat(self) -> None:
        while not self.stop.wait(self.lease / BEATS):
            with suppress(OSError):  # the next time
                if self.store.read(_name(self.number + 1)) is not None:
                    self.lost = True
                    return
                self.state["beats"] += 1
                self._renew()

    def _renew(self, *, ended: bool = False) -> None:
        if not self.lost:
            self.state["ended"] = ended
            self.store.write(_name(self.number), self._content())

    def _content(self) -> bytes:
        return json.dumps(self.state).encode()


def _name(number: int) -> str:
    return f"{FOLDER}/{number:06d}.json"


def _number(name: str) -> int:
    digits = name.rpartition("/")[2].removesuffix(".json")
    return int(digits) if digits.isdigit() else 0


def _has_ended(content: bytes | None) -> bool:
    if content is None:  # somebody has removed it
        return True
    try:
        return bool(json.loads(content)["ended"])
    except (ValueError, KeyError, TypeError):
        return False
