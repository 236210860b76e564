"""Joins documents of concurrent requests into batches, behind a bounded queue.

Libraries for this (batched, async-batcher, those of model servers) batch one kind of call, and
bound neither the documents nor the characters that wait; here only calls with equal settings may
share a batch.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.service_error import ServiceError

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
MAX_RETRY_AFTER = 60


@dataclass
class _Job(Generic[Item]):
    """A document that waits. `size` is in characters, `arrived` in seconds of `monotonic`."""

    item: Item
    size: int
    future: "asyncio.Future[Any]"
    arrived: float


class Batcher(Generic[Key, Item]):
    """Runs batches one after the other in a thread; used from one event loop.

    The group with the oldest document goes first. Its first document waits a few milliseconds for
    others, unless it has waited longer already while another batch ran.

    run (Callable): Gets the key and the items of a batch; returns a result or an error for each.
    limits (Limits): Sizes of the queue and of batches.
    observe (Callable): Called with the number of documents of each batch.
    """

    def __init__(
        self,
        run: Callable[[Key, list[Item]], Sequence[Any]],
        limits: Limits,
        observe: Callable[[int], None] = lambda n: None,
    ) -> None:
        self.run, self.limits, self.observe = run, limits, observe
        self.seconds = 0.1  # per document, as a moving average
        self._groups: dict[Key, deque[_Job[Item]]] = {}
        self._arrived, self._taken = asyncio.Event(), asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="annotate")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run batches, in the current event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run_batches())

    async def stop(self) -> None:
        """Stop after the current batch; cancel the documents that still wait."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for job in self._jobs():
            job.future.cancel()
        self._thread.shutdown(wait=True)

    @property
    def alive(self) -> bool:
        """Whether batches are run."""
        return self._task is not None and not self._task.done()

    @property
    def waiting(self) -> int:
        """The number of documents that wait."""
        return len(self._jobs())

    def submit(self, key: Key, items: Sequence[tuple[Item, int]]) -> "list[asyncio.Future[Any]]":
        """Put documents into the queue: all or none.

        key (Key): Their settings.
        items (Sequence[tuple[Item, int]]): Each with its number of characters.
        RETURNS (list[asyncio.Future[Any]]): The result of each. Cancelling one frees its place.
        RAISES (ServiceError): If the queue is full: 503, with the time until there may be room.
        """
        if not self._has_room(len(items), sum(size for _, size in items)):
            seconds = min(max(math.ceil(self.waiting * self.seconds), 1), MAX_RETRY_AFTER)
            message = Errors.E246.format(n=self.waiting, seconds=seconds)
            raise ServiceError(503, message, {"Retry-After": str(seconds)})
        loop, now = asyncio.get_running_loop(), monotonic()
        jobs = [_Job(item, size, loop.create_future(), now) for item, size in items]
        for job in jobs:
            job.future.add_done_callback(self._notice_cancelled)
        self._groups.setdefault(key, deque()).extend(jobs)
        self._arrived.set()
        return [job.future for job in jobs]

    async def submit_in_turn(self, key: Key, item: Item, size: int) -> "asyncio.Future[Any]":
        """Put a document into the queue as soon as there is room; arguments as for `submit`."""
        while not self._has_room(1, size):
            self._taken.clear()
            await self._taken.wait()
        return self.submit(key, [(item, size)])[0]

    def _notice_cancelled(self, future: "asyncio.Future[Any]") -> None:
        """Wake those that wait for the place of a cancelled document."""
        if future.cancelled():
            self._taken.set()

    def _has_room(self, n: int, size: int) -> bool:
        """Return whether more documents may wait. One too large for any queue may wait alone."""
        jobs = self._jobs()
        characters = sum(job.size for job in jobs) + size
        enough = len(jobs) + n <= self.limits.queue and characters <= self.limits.queue_characters
        return enough or not jobs

    def _jobs(self) -> list[_Job[Item]]:
        """Return what waits; drop what nobody waits for any more."""
        for key, group in list(self._groups.items()):
            self._groups[key] = deque(job for job in group if not job.future.done())
            if not self._groups[key]:
                del self._groups[key]
        return [job for group in self._groups.values() for job in group]

    async def _run_batches(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            key = await self._next_key()
            jobs = self._take(key)
            if not jobs:
                continue
            started = monotonic()
            try:
                items = [job.item for job in jobs]
                results = await loop.run_in_executor(self._thread, self.run, key, items)
            except Exception as error:
                results = [error] * len(jobs)
            self._answer(jobs, results)
            self.seconds = 0.8 * self.seconds + 0.2 * (monotonic() - started) / len(jobs)
            self.observe(len(jobs))

    async def _next_key(self) -> Key:
        """Wait for a document, then a little longer for others with the same settings."""
        while not self._jobs():
            self._arrived.clear()
            await self._arrived.wait()
        key = min(self._groups, key=lambda key: self._groups[key][0].arrived)
        until = self._groups[key][0].arrived + self.limits.batch_wait
        while len(self._groups.get(key, ())) < self.limits.batch_documents:
            left = until - monotonic()
            if left <= 0:
                break
            self._arrived.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), left)
        return key

    def _take(self, key: Key) -> list[_Job[Item]]:
        """Take a batch of a group out of the queue."""
        self._jobs()
        group = self._groups.get(key, deque())
        jobs: list[_Job[Item]] = []
        room = self.limits.batch_characters
        while group and len(jobs) < self.limits.batch_documents:
            if jobs and group[0].size > room:
                break
            jobs.append(group.popleft())
            room -= jobs[-1].size
        self._taken.set()
        return jobs

    @staticmethod
    def _answer(jobs: Sequence[_Job[Item]], results: Sequence[Any]) -> None:
        for job, result in zip(jobs, results, strict=True):
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
