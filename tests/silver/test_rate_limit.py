import time
from threading import Event, Thread, Timer

from spacy_gliner_biomed.silver.rate_limit import RateLimiter


def waited(pace: RateLimiter, units: list[float]) -> float:
    started = time.monotonic()
    for each in units:
        pace.wait(each)
    return time.monotonic() - started


def test_units_are_spaced_and_the_first_does_not_wait() -> None:
    assert waited(RateLimiter(600, Event()), [1, 1, 1]) >= 0.2
    assert waited(RateLimiter(60, Event()), [5]) < 1


def test_a_correction_moves_what_follows() -> None:
    pace = RateLimiter(600, Event())
    pace.wait(100)
    pace.correct(-98)
    assert waited(pace, [1]) < 5
    pace.correct(2)
    assert waited(pace, [1]) >= 0.2


def test_no_limit_and_a_stop_end_all_waiting() -> None:
    assert waited(RateLimiter(None, Event()), [1000, 1000]) < 1
    stopped = Event()
    stopped.set()
    assert waited(RateLimiter(1, stopped), [1, 1]) < 5


def test_what_is_held_back_waits_though_it_was_waiting_before() -> None:
    pace, started = RateLimiter(600, Event()), time.monotonic()
    pace.wait()
    waiting = Thread(target=pace.wait)
    waiting.start()
    pace.hold(0.4)
    waiting.join()
    assert time.monotonic() - started >= 0.4
    assert waited(RateLimiter(None, Event()), [1]) < 1


def test_what_is_held_back_is_spaced_afterwards() -> None:
    pace = RateLimiter(600, Event())
    pace.hold(0.2)
    assert waited(pace, [1, 1, 1]) >= 0.4


def test_a_stop_ends_the_holding_back() -> None:
    stopped = Event()
    pace = RateLimiter(None, stopped)
    pace.hold(1000)
    Timer(0.1, stopped.set).start()
    assert waited(pace, [1]) < 900
