import time
from threading import Event

from spacy_gliner_biomed.silver.pace import Pace


def waited(pace: Pace, units: list[float]) -> float:
    started = time.monotonic()
    for each in units:
        pace.wait(each)
    return time.monotonic() - started


def test_units_are_spaced_and_the_first_does_not_wait() -> None:
    assert waited(Pace(600, Event()), [1, 1, 1]) >= 0.2
    assert waited(Pace(60, Event()), [5]) < 1


def test_a_correction_moves_what_follows() -> None:
    pace = Pace(600, Event())
    pace.wait(100)
    pace.correct(-98)
    assert waited(pace, [1]) < 5
    pace.correct(2)
    assert waited(pace, [1]) >= 0.2


def test_no_limit_and_a_stop_end_all_waiting() -> None:
    assert waited(Pace(None, Event()), [1000, 1000]) < 1
    stopped = Event()
    stopped.set()
    assert waited(Pace(1, stopped), [1, 1]) < 5
