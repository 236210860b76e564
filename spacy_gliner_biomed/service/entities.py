"""The entities of a Doc as JSON: offsets, scores, concepts and custom attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.service_error import ServiceError


@dataclass(frozen=True)
class Shape:
    """What a request wants to know of each entity, beside the usual.

    utf16 (bool): Offsets in UTF-16 units, as JavaScript, Java and .NET count.
    attributes (Sequence[str]): Names of custom attributes (`Span._`).
    """

    utf16: bool = False
    attributes: Sequence[str] = ()


def entities_of(
    doc: Doc, spans_key: str, shape: Shape, names: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the entities of an annotated Doc, with the keys that `annotate` writes.

    doc (Doc): The Doc.
    spans_key (str): The component's span group.
    shape (Shape): What is wanted.
    names (Mapping[str, str] | None): The names of linked concepts by id.
    RETURNS (list[dict[str, Any]]): The entities, by start.
    """
    group = doc.spans.get(spans_key)
    if group is None:
        return []
    text, scores = doc.text, group.attrs["scores"]
    entities = [
        {
            "start": span.start_char,
            "end": span.end_char,
            "text": text[span.start_char : span.end_char],
            "label": span.label_,
            "score": round(score, 6),
            **_concept(span, names or {}),
            **_attributes(span, shape.attributes),
        }
        for span, score in zip(group, scores, strict=True)
    ]
    if shape.utf16 and entities:
        units = utf16_units(text)
        for entity in entities:
            entity["start_utf16"] = int(units[entity["start"]])
            entity["end_utf16"] = int(units[entity["end"]])
    return entities


def utf16_units(text: str) -> NDArray[np.int64]:
    """Return the number of UTF-16 units before each character, and of all at the end.

    text (str): Any text, halves of surrogate pairs included.
    RETURNS (NDArray[np.int64]): One more than the text has characters.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    units = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(1 + (codes > 0xFFFF), out=units[1:])
    return units


def check_attributes(names: Sequence[str]) -> None:
    """Check that custom attributes exist.

    names (Sequence[str]): The names.
    RAISES (ServiceError): If one does not.
    """
    unknown = [name for name in names if not Span.has_extension(name)]
    if unknown:
        allowed = ", ".join(sorted(Underscore.span_extensions)) or "none"
        message = Errors.E254.format(found=", ".join(map(repr, unknown)), allowed=allowed)
        raise ServiceError(422, message)


def plain(value: Any) -> Any:
    """Return a value of any type in a form that JSON has; what it has not becomes text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return str(value)


def _concept(span: Span, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the id of the linked concept, with its name where one is known."""
    if not span.kb_id_:
        return {}
    name = names.get(span.kb_id_)
    return {"kb_id": span.kb_id_, **({} if name is None else {"kb_name": name})}


def _attributes(span: Span, names: Sequence[str]) -> dict[str, Any]:
    return {"attributes": {name: plain(span._.get(name)) for name in names}} if names else {}
