"""One spelling per type: lower case, single spaces, and a table of synonyms."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.errors import Errors


class TypeNames:
    """Maps the types in answers to the types that are written.

    allowed (Sequence[str]): The allowed types, in the spelling to write; empty for all types.
    synonyms (Mapping[str, Sequence[str]] | None): Other names of each type.
    RAISES (ValueError): If a name stands for two types.
    """

    def __init__(
        self, allowed: Sequence[str] = (), synonyms: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.allowed = list(dict.fromkeys(allowed))
        self._names: dict[str, str] = {}
        for name in self.allowed:
            self._add(name, name)
        for name, words in (synonyms or {}).items():
            chosen = self._names.get(
                simplify_type(name), name if self.allowed else simplify_type(name)
            )
            for word in (name, *words):
                self._add(word, chosen)

    def name(self, type_: str) -> str | None:
        """Return the type to write, or None if the type is not allowed.

        type_ (str): The type as the model wrote it.
        """
        words = simplify_type(type_)
        name = self._names.get(words, words)
        return None if not name or (self.allowed and name not in self.allowed) else name

    def _add(self, word: str, name: str) -> None:
        known = self._names.setdefault(simplify_type(word), name)
        if known != name:
            raise ValueError(Errors.E124.format(word=word, first=known, second=name))


def simplify_type(type_: str) -> str:
    """Return a type in lower case, with spaces for underscores, and single spaces."""
    return " ".join(type_.replace("_", " ").lower().split())


def read_synonyms(path: Path) -> dict[str, list[str]]:
    """Read a table of synonyms, {"disease": ["disorder", "illness"], ...}.

    path (Path): A JSON file.
    RETURNS (dict[str, list[str]]): Other names by type.
    RAISES (ValueError): If the file is missing or holds something else.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    table = read_json_object(path, Errors.E125)
    for name, words in table.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            problem = f"the synonyms of {name!r} are not a list of strings"
            raise ValueError(Errors.E125.format(path=path, error=problem))
    return table
