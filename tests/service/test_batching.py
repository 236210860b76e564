"""The queue and its batches, without a model."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from spacy_gliner_biomed.service.batching import Batcher
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.service_error import ServiceError

LIMITS = Limits(batch_documents=4, batch_characters=100, batch_wait=0.05, queue=6)


@dataclass
class Recording:
    """Runs batches: an item is its own result; waits where a test says so."""

    batches: list[tuple[str, list[int]]] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, key: str, items: list[int]) -> list[Any]:
        self.batches.append((key, items))
        assert self.opened.wait(10)
        return [ValueError("odd") if item % 2 else item for item in items]


def run(test: Any, limits: Limits = LIMITS, *, opened: bool = True) -> Recording:
    """Run a test with a batcher, in an event loop of its own."""
    recording = Recording()
    if opened:
        recording.opened.set()

    async def with_batcher() -> None:
        batcher: Batcher[str, int] = Batcher(recording, limits)
        batcher.start()
        try:
            await test(batcher, recording)
        finally:
            recording.opened.set()
            await batcher.stop()

    asyncio.run(with_batcher())
    return recording


def items(*numbers: int, size: int = 1) -> list[tuple[int, int]]:
    return [(number, size) for number in numbers]


def gather(*futures: Any) -> Coroutine[Any, Any, list[Any]]:
    async def wait() -> list[Any]:
        return list(await asyncio.gather(*futures, return_exceptions=True))

    return wait()


def test_calls_with_the_same_key_share_batches() -> None:
    async def test(batcher: Batcher[str, int], _: Recording) -> None:
        futures = [
            *batcher.submit("a", items(0)),
            *batcher.submit("b", items(2)),
            *batcher.submit("a", items(4, 6)),
        ]
        assert await gather(*futures) == [0, 2, 4, 6]

    assert run(test).batches == [("a", [0, 4, 6]), ("b", [2])]


def test_a_full_batch_does_not_wait() -> None:
    async def test(batcher: Batcher[str, int], _: Recording) -> None:
        await asyncio.wait_for(gather(*batcher.submit("a", items(0, 2, 4, 6))), 5)

    limits = Limits(batch_documents=4, batch_wait=60)
    assert run(test, limits).batches == [("a", [0, 2, 4, 6])]


def test_batches_have_limits() -> None:
    async def test(batcher: Batcher[str, int], _: Recording) -> None:
        futures = batcher.submit("a", [*items(0, 2, size=40), *items(4, size=1000), *items(6)])
        assert await gather(*futures) == [0, 2, 4, 6]

    assert run(test).batches == [("a", [0, 2]), ("a", [4]), ("a", [6])]


def test_each_document_has_its_own_error() -> None:
    async def test(batcher: Batcher[str, int], _: Recording) -> None:
        first, second = await gather(*batcher.submit("a", items(0, 1)))
        assert first == 0
        assert str(second) == "odd"

    run(test)


def test_a_run_that_fails_fails_its_documents_only() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        recording.batches = None  # type: ignore[assignment]  # the next run raises
        (failed,) = await gather(*batcher.submit("a", items(0)))
        assert isinstance(failed, AttributeError)
        recording.batches = []
        assert await gather(*batcher.submit("a", items(2))) == [2]
        assert batcher.alive

    run(test)


def test_a_full_queue_takes_all_or_none_and_says_when() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        running = batcher.submit("a", items(0))
        while not recording.batches:
            await asyncio.sleep(0)
        waiting = batcher.submit("a", items(2, 4, 6, 8, 10))
        with pytest.raises(ServiceError) as error:
            batcher.submit("b", items(12, 14))
        assert error.value.status == 503
        assert 1 <= int(error.value.headers["Retry-After"]) <= 60
        assert batcher.waiting == 5
        batcher.submit("b", items(12))
        recording.opened.set()
        assert await gather(*running, *waiting) == [0, 2, 4, 6, 8, 10]

    run(test, opened=False)


def test_characters_that_wait_are_limited_but_for_a_single_call() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        first = batcher.submit("a", items(0, size=1000))
        while not recording.batches:
            await asyncio.sleep(0)
        large = batcher.submit("a", items(2, size=1000))
        with pytest.raises(ServiceError):
            batcher.submit("a", items(4, size=1))
        recording.opened.set()
        assert await gather(*first, *large) == [0, 2]

    run(test, Limits(queue_characters=500), opened=False)


def test_who_left_frees_places_and_is_not_run() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        running = batcher.submit("a", items(0))
        while not recording.batches:
            await asyncio.sleep(0)
        for future in batcher.submit("a", items(*range(2, 14, 2))):
            future.cancel()
        assert batcher.waiting == 0
        others = batcher.submit("a", items(14))
        recording.opened.set()
        assert await gather(*running, *others) == [0, 14]

    assert run(test, opened=False).batches == [("a", [0]), ("a", [14])]


def test_a_stream_waits_for_its_turn() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        first = batcher.submit("a", items(0))
        while not recording.batches:
            await asyncio.sleep(0)
        waiting = batcher.submit("a", items(2, 4, 6, 8, 10, 12))
        late = asyncio.ensure_future(batcher.submit_in_turn("a", 14, 1))
        await asyncio.sleep(0.01)
        assert not late.done()
        recording.opened.set()
        assert await gather(*first, *waiting) == [0, 2, 4, 6, 8, 10, 12]
        assert await (await late) == 14

    run(test, opened=False)


def test_a_stream_gets_the_place_of_who_left() -> None:
    async def test(batcher: Batcher[str, int], recording: Recording) -> None:
        running = batcher.submit("a", items(0))
        while not recording.batches:
            await asyncio.sleep(0)
        (left,) = batcher.submit("a", items(2))
        late = [asyncio.ensure_future(batcher.submit_in_turn("a", n, 1)) for n in (4, 6)]
        await asyncio.sleep(0.01)
        assert not any(each.done() for each in late)
        left.cancel()
        fourth = await asyncio.wait_for(late[0], 10)  # while the first batch runs
        recording.opened.set()
        sixth = await asyncio.wait_for(late[1], 10)
        assert await gather(*running, fourth, sixth) == [0, 4, 6]

    run(test, Limits(queue=1, batch_wait=0), opened=False)


def test_what_waits_at_the_end_is_cancelled() -> None:
    recording, futures = Recording(), []

    async def test() -> None:
        batcher: Batcher[str, int] = Batcher(recording, LIMITS)
        futures.extend(batcher.submit("a", items(0)))  # it was never started
        await batcher.stop()
        assert not batcher.alive

    asyncio.run(test())
    assert futures[0].cancelled()
