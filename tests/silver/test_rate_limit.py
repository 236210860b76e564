import time
from threading import Event, Thread, Timer

from spacy_gliner_biomed.silver.rate_limit import RateLimiter


def waited(limiter: RateLimiter, units: list[float]) -> float:
    started = time.monotonic()
    for each in units:
        limiter.wait(each)
    return time.monotonic() - started


def test_units_are_spaced_and_the_first_does_not_wait() -> None:
    assert waited(RateLimiter(600, Event()), [1, 1, 1]) >= 0.2
    assert waited(RateLimiter(60, Event()), [5]) < 1


def test_a_correction_moves_what_follows() -> None:
    limiter = RateLimiter(600, Event())
    limiter.wait(100)
    limiter.correct(-98)
    assert waited(limiter, [1]) < 5
    limiter.correct(2)
    assert waited(limiter, [1]) >= 0.2


def test_no_limit_and_a_stop_end_all_waiting() -> None:
    assert waited(RateLimiter(None, Event()), [1000, 1000]) < 1
    stopped = Event()
    stopped.set()
    assert waited(RateLimiter(1, stopped), [1, 1]) < 5


def test_a_pause_holds_for_threads_that_already_wait() -> None:
    limiter, started = RateLimiter(600, Event()), time.monotonic()
    limiter.wait()
    waiting = Thread(target=limiter.wait)
    waiting.start()
    limiter.pause(0.4)
    waiting.join()
    assert time.monotonic() - started >= 0.4
    assert waited(RateLimiter(None, Event()), [1]) < 1


def test_units_are_spaced_after_a_pause() -> None:
    limiter = RateLimiter(600, Event())
    limiter.pause(0.2)
    assert waited(limiter, [1, 1, 1]) >= 0.4


def test_a_stop_ends_a_pause() -> None:
    stopped = Event()
    limiter = RateLimiter(None, stopped)
    limiter.pause(1000)
    Timer(0.1, stopped.set).start()
    assert waited(limiter, [1]) < 900
