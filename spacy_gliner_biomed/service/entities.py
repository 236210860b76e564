"""The entities of a Doc as JSON, as `spacy gliner annotate` writes them, with further offsets and
links.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.documents.page.concept_links import concept_url
from spacy_gliner_biomed.documents.writers import entity_json
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import WriterSettings

OWN_KEYS = frozenset({"start_utf16", "end_utf16", "concept_url"})  # not allowed for attributes


@dataclass(frozen=True)
class Shape:
    """What a request adds to the usual keys of each entity.

    utf16 (bool): Offsets in UTF-16 units, as JavaScript, Java and .NET count.
    attributes (tuple[str, ...]): Names of custom attributes (`Span._`).
    """

    utf16: bool = False
    attributes: tuple[str, ...] = ()


def entities_json(
    text: str, found: Sequence[Entity], settings: WriterSettings, shape: Shape
) -> list[dict[str, Any]]:
    """Return entities as JSON.

    text (str): The text of the Doc.
    found (Sequence[Entity]): Its entities.
    settings (WriterSettings): Which attributes, and whether concepts are written.
    shape (Shape): The additional keys.
    RETURNS (list[dict[str, Any]]): The entities, in the order of `found`. An entity whose concept
        has a web page gets its address.
    """
    entities = [entity_json(each, settings) for each in found]
    for entity in entities:
        if (url := concept_url(entity.get("concept_id") or "")) is not None:
            entity["concept_url"] = url
    if shape.utf16 and entities:
        units = utf16_units(text)
        for entity in entities:
            entity["start_utf16"] = int(units[entity["start"]])
            entity["end_utf16"] = int(units[entity["end"]])
    return entities


def utf16_units(text: str) -> NDArray[np.int64]:
    """Return the number of UTF-16 units before each character, and last that of the whole text.

    text (str): Any text, halves of surrogate pairs included.
    RETURNS (NDArray[np.int64]): One value more than the text has characters.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    units = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(1 + (codes > 0xFFFF), out=units[1:])
    return units
