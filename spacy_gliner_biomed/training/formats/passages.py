"""Put the passages of a document together to one text."""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.training.corpora import PASSAGES_KEY, Passage


def known_passages(values: Mapping[Any, Any]) -> Sequence[Passage]:
    """Return the passages of a document.

    values (Mapping[Any, Any]): Its metadata or `Doc.user_data`. What has another form under their
        key is a user's own value.
    RETURNS (Sequence[Passage]): The passages; none if one has another form. They may lack infons,
        and end behind the text.
    """
    found = values.get(PASSAGES_KEY)
    return found if isinstance(found, (list, tuple)) and all(map(_is_passage, found)) else ()


def _is_passage(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("infons", {}), Mapping):
        return False
    start, end = value.get("start"), value.get("end")
    return type(start) is int and type(end) is int and 0 <= start <= end


class PassageText:
    """The text of a document, passage by passage.

    passages (list[Passage]): Where they are, and what they are.
    length (int): Characters so far.
    """

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.length = 0
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """The passages so far, with what is between them."""
        return "".join(self._parts)

    def add(self, text: str, infons: Mapping[str, str], between: str = "\n") -> int:
        """Add a passage.

        text (str): Its text.
        infons (Mapping[str, str]): What it is.
        between (str): What separates it from the passage before.
        RETURNS (int): Its first character.
        RAISES (ValueError): If it is no valid text.
        """
        self._append(between if self.passages else "")
        start = self.length
        self._append(check_text(text))
        self.passages.append({"start": start, "end": self.length, "infons": dict(infons)})
        return start

    def _append(self, part: str) -> None:
        self._parts.append(part)
        self.length += len(part)
