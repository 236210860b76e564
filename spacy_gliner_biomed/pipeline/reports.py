"""A component's counts, and the warnings that it has given."""

from collections import Counter
from collections.abc import Mapping
from threading import Lock

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Warnings

# The counts that cause a warning when they first occur; all others are only counted.
REPORTED = {
    "moved": Warnings.W001,
    "left_out": Warnings.W002,
    "merged": Warnings.W003,
    "shortened_words": Warnings.W004,
    "unknown_words": Warnings.W005,
    "not_in_ents": Warnings.W006,
    "label_groups": Warnings.W280,
    "relations_left_out": Warnings.W281,
    "gold_lost": Warnings.W009,
    "gold_relations_lost": Warnings.W353,
    "without_labels": Warnings.W140,
    "without_gold": Warnings.W142,
    "gold_trimmed": Warnings.W144,
}

MAX_GIVEN = 10_000  # a service gets new labels all the time; the oldest are forgotten

_LOCK = Lock()  # shared, because a component with a lock of its own could not be pickled


class Reports:
    """Counts and warnings of a component, which several threads may use."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.given: dict[str, None] = {}  # as a set, in order

    def add(self, counts: Mapping[str, int], **values: object) -> None:
        """Add counts, and warn the first time that one of `REPORTED` occurs.

        counts (Mapping[str, int]): By name.
        values: Further values for the messages.
        """
        with _LOCK:
            self.counts.update(counts)
        for what, message in REPORTED.items():
            if counts.get(what):
                self.warn_once(what, message.format(n=counts[what], **values))

    def warn_once(self, what: str, message: str) -> None:
        """Warn, unless that was done before.

        what (str): Identifies the warning.
        message (str): Its text.
        """
        if self.is_first(what):
            warn(message)

    def is_first(self, what: str) -> bool:
        """Return whether this is the first call with a key; for one warning about many keys."""
        with _LOCK:
            is_new = what not in self.given
            self.given[what] = None
            if len(self.given) > MAX_GIVEN:
                del self.given[next(iter(self.given))]
        return is_new
