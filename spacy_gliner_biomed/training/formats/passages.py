"""Put the passages of a document together to one text."""

from collections.abc import Mapping

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.training.corpora import Passage


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
