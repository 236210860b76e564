"""Keeps requests below a number a minute, by spacing them evenly."""

import time
from threading import Event, Lock


class Pace:
    """Lets so many units a minute pass: requests, or tokens.

    per_minute (float | None): None for no limit.
    stopped (Event): Ends all waiting.
    """

    def __init__(self, per_minute: float | None, stopped: Event) -> None:
        self.seconds = 60 / per_minute if per_minute else 0.0
        self._stopped = stopped
        self._free = 0.0  # when the next unit may pass
        self._lock = Lock()

    def wait(self, units: float = 1) -> None:
        """Wait until the units before have had their time, and take so many."""
        with self._lock:
            start = max(time.monotonic(), self._free)
            self._free = start + units * self.seconds
        if start > time.monotonic():
            self._stopped.wait(start - time.monotonic())

    def correct(self, units: float) -> None:
        """Take more, or give back, when the true number is known."""
        with self._lock:
            self._free += units * self.seconds
