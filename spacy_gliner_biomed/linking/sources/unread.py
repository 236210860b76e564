"""Counts the values of a source whose columns or keys are not known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.common.settings_dict import nearest
from spacy_gliner_biomed.errors import Warnings

# Other names of what a concept has.
OTHER_NAMES = {
    **dict.fromkeys(("synonym", "synonyms", "aka", "other names", "alternative names"), "aliases"),
    **dict.fromkeys(("category", "categories", "class", "semantic types"), "types"),
    **dict.fromkeys(("desc", "description", "comment"), "definition"),
}
MAX_NAMES = 10


class UnreadValues:
    """Counts the values of unknown columns or keys.

    known (Sequence[str]): The known names.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self.known = known
        self.counts: Counter[str] = Counter()

    def add(self, names: Iterable[str]) -> None:
        """Count the names that are not known; each stands for a value of a concept."""
        self.counts.update(name for name in names if name not in self.known)

    def report(self, path: Path) -> None:
        """Warn once if there were some.

        path (Path): The file.
        """
        if not self.counts:
            return
        listed = [self._describe(name) for name, _ in self.counts.most_common(MAX_NAMES)]
        if (n_more := len(self.counts) - len(listed)) > 0:
            listed.append(f"and {n_more} more")
        n, known = sum(self.counts.values()), ", ".join(self.known)
        warn(Warnings.W418.format(path=path, n=n, found=", ".join(listed), known=known))

    def _describe(self, name: str) -> str:
        words = name.replace("_", " ").casefold()
        meant = OTHER_NAMES.get(words, nearest(words, self.known))
        return repr(shorten(name)) + (f" (did you mean {meant!r}?)" if meant else "")
