"""Keeps requests below a number a minute, by spacing them evenly, and holds them all back."""

import time
from threading import Event, Lock


class RateLimiter:
    """Lets so many units a minute pass: requests, or tokens.

    per_minute (float | None): None for no limit.
    stopped (Event): Ends all waiting.
    """

    def __init__(self, per_minute: float | None, stopped: Event) -> None:
        self.seconds = 60 / per_minute if per_minute else 0.0
        self._stopped = stopped
        self._free = 0.0  # when the next unit may pass
        self._held = 0.0  # until when nothing may pass
        self._lock = Lock()

    def wait(self, units: float = 1) -> None:
        """Wait until the units before have had their time, and take so many."""
        with self._lock:
            start = max(time.monotonic(), self._free)
            self._free = start + units * self.seconds
        # What holds units back while others wait holds these back, too.
        while (seconds := max(start, self._held) - time.monotonic()) > 0:
            if self._stopped.wait(seconds):
                return

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so long, as a server asked that is asked too much."""
        with self._lock:
            self._held = max(self._held, time.monotonic() + seconds)
            self._free = max(self._free, self._held)

    def correct(self, units: float) -> None:
        """Take more, or give back, when the true number is known."""
        with self._lock:
            self._free += units * self.seconds
