"""Give Docs the passages of their records, for components and writers."""

from collections.abc import Mapping
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.training.corpora import PASSAGES_KEY
from spacy_gliner_biomed.training.formats.passages import known_passages


def with_passages(nlp: Language, text: str, meta: Mapping[str, Any]) -> str | Doc:
    """Return a text, or a Doc with its passages for components and writers.

    nlp (Language): Its tokenizer makes the Doc.
    text (str): The text.
    meta (Mapping[str, Any]): The document's metadata.
    RETURNS (str | Doc): A Doc if the metadata has valid passages.
    """
    found = known_passages(meta)
    if not found or not all("infons" in each and each["end"] <= len(text) for each in found):
        return text
    doc = nlp.make_doc(text)
    doc.user_data[PASSAGES_KEY] = list(found)
    return doc
