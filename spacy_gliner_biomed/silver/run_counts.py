"""Counts that several threads add to."""

from collections import Counter
from collections.abc import Mapping
from threading import Lock


class RunCounts:
    """Counters with names of the form "group:what"; safe to use from several threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, name: str, n: int = 1) -> None:
        """Add a number to one count."""
        with self._lock:
            self._counts[name] += n

    def update(self, counts: Mapping[str, int]) -> None:
        """Add numbers to several counts."""
        with self._lock:
            self._counts.update(counts)

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def group(self, name: str) -> dict[str, int]:
        """Return the counts of a group without its name, the largest first."""
        prefix = name + ":"
        with self._lock:
            found = [(key, n) for key, n in self._counts.most_common() if key.startswith(prefix)]
        return {key.removeprefix(prefix): n for key, n in found}
