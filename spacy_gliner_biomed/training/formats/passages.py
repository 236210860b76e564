"""Put the passages of a document together to one text."""

from collections.abc import Mapping

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.training.corpora import Passage


class PassageText:
    """The text of a document, passage by passage.

    text (str): The passages so far, with what is between them.
    passages (list[Passage]): Where they are, and what they are.
    """

    def __init__(self) -> None:
        self.text = ""
        self.passages: list[Passage] = []

    def add(self, text: str, infons: Mapping[str, str], between: str = "\n") -> int:
        """Add a passage.

        text (str): Its text.
        infons (Mapping[str, str]): What it is.
        between (str): What separates it from the passage before.
        RETURNS (int): Its first character.
        RAISES (ValueError): If it is no valid text.
        """
        if self.passages:
            self.text += between
        start = len(self.text)
        self.text += check_text(text)
        self.passages.append({"start": start, "end": len(self.text), "infons": dict(infons)})
        return start
