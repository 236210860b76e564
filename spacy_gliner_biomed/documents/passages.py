"""Give Docs the passages of their records, for components and writers."""

from collections.abc import Mapping
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.training.corpora import PASSAGES_KEY


def with_passages(nlp: Language, text: str, meta: Mapping[str, Any]) -> str | Doc:
    """Return a text, or a Doc with its passages for components and writers.

    nlp (Language): Its tokenizer makes the Doc.
    text (str): The text.
    meta (Mapping[str, Any]): The document's metadata.
    RETURNS (str | Doc): A Doc if the metadata has valid passages.
    """
    found = meta.get(PASSAGES_KEY)
    if not isinstance(found, list) or not found or not all(_fits(x, text) for x in found):
        return text
    doc = nlp.make_doc(text)
    doc.user_data[PASSAGES_KEY] = found
    return doc


def _fits(passage: Any, text: str) -> bool:
    """Return whether a value is a passage of a text."""
    if not isinstance(passage, dict) or not isinstance(passage.get("infons"), dict):
        return False
    start, end = passage.get("start"), passage.get("end")
    return type(start) is type(end) is int and 0 <= start <= end <= len(text)
