"""One spelling for each type: lower case, single spaces, and a table of synonyms."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy_gliner_biomed.errors import Errors


class TypeNames:
    """Turns the types of answers into those that are written.

    allowed (Sequence[str]): The only types that are written, in this spelling; empty for all.
    synonyms (Mapping[str, Sequence[str]]): Other words for a type.
    RAISES (ValueError): If one word stands for two types.
    """

    def __init__(
        self, allowed: Sequence[str] = (), synonyms: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.allowed = list(dict.fromkeys(allowed))
        self._names: dict[str, str] = {}
        for name in self.allowed:
            self._add(name, name)
        for name, words in (synonyms or {}).items():
            chosen = self._names.get(simplified(name), name if self.allowed else simplified(name))
            for word in (name, *words):
                self._add(word, chosen)

    def name(self, type_: str) -> str | None:
        """The type as it is written; None if it is not allowed."""
        words = simplified(type_)
        name = self._names.get(words, words)
        return None if not name or (self.allowed and name not in self.allowed) else name

    def _add(self, word: str, name: str) -> None:
        known = self._names.setdefault(simplified(word), name)
        if known != name:
            raise ValueError(Errors.E124.format(word=word, first=known, second=name))


def simplified(type_: str) -> str:
    """Lower case, underscores as spaces, single spaces."""
    return " ".join(type_.replace("_", " ").lower().split())


def read_synonyms(path: Path) -> dict[str, list[str]]:
    """Read a table of synonyms, {"disease": ["disorder", "illness"], ...}.

    RAISES (ValueError): If the file is no such JSON.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    try:
        table = json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise ValueError(Errors.E125.format(path=path, error=error)) from error
    lists = table.values() if isinstance(table, dict) else [None]
    if not all(isinstance(x, list) and all(isinstance(word, str) for word in x) for x in lists):
        error_ = "found something else than lists of strings"
        raise ValueError(Errors.E125.format(path=path, error=error_))
    return dict(table)
