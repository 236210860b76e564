"""Limits requests or tokens per minute for all threads, and pauses them all on demand."""

import time
from threading import Event, Lock


class RateLimiter:
    """Spaces units (requests or tokens) evenly; safe to use from several threads.

    per_minute (float | None): Maximum number of units per minute; None for no limit.
    stopped (Event): Ends all waiting when it is set.
    """

    def __init__(self, per_minute: float | None, stopped: Event) -> None:
        self.seconds_per_unit = 60 / per_minute if per_minute else 0.0
        self._stopped = stopped
        self._next_free = 0.0  # monotonic time at which the next unit may pass
        self._paused_until = 0.0
        self._lock = Lock()

    def wait(self, units: float = 1) -> None:
        """Wait for the units taken before, then take some.

        units (float): Number of units to take.
        """
        with self._lock:
            start = max(time.monotonic(), self._next_free)
            self._next_free = start + units * self.seconds_per_unit
        # A pause that begins while this thread waits holds for it, too.
        while (seconds := max(start, self._paused_until) - time.monotonic()) > 0:
            if self._stopped.wait(seconds):
                return

    def pause(self, seconds: float) -> None:
        """Let no unit pass for some time, as a server requests that is overloaded.

        seconds (float): Length of the pause from now on.
        """
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)
            self._next_free = max(self._next_free, self._paused_until)

    def correct(self, units: float) -> None:
        """Take more units, or give some back, when the true number is known.

        units (float): Number of units to take; negative to give back.
        """
        with self._lock:
            self._next_free += units * self.seconds_per_unit
