"""A cache of what names were looked up to, for several threads."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values by their keys, until there are too many; then it begins anew.

    Several threads may use it. It needs no lock, which could not be sent to a process: a full one
    is not emptied under other threads but left to them, and a new one takes its place.

    max_size (int): Keys at most, but for those of one call.
    """

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self._entries: dict[K, V] = {}

    def get_all(self, keys: Iterable[K], make: Callable[[list[K]], Iterable[V]]) -> dict[K, V]:
        """The values of some keys.

        keys (Iterable[K]): May repeat.
        make (Callable): Makes the values of those that are not known, all together.
        RETURNS (dict[K, V]): All of them, whatever other threads do meanwhile.
        """
        entries = self._entries
        wanted = dict.fromkeys(keys)
        found = {key: entries[key] for key in wanted if key in entries}
        if new := [key for key in wanted if key not in found]:
            made = dict(zip(new, make(new), strict=True))
            if len(entries) + len(made) > self.max_size:
                entries = self._entries = {}
            entries.update(made)
            found.update(made)
        return found
