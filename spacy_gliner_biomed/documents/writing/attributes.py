"""Custom attributes of entities (`ent._.negex`): which there are, and their plain values."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any

from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import Underscore

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.documents.writing.context import CONTEXT_ATTRIBUTES
from spacy_gliner_biomed.errors import Errors

# The columns of each table of entities and their types, in pyarrow's names. An attribute must have
# another name.
ENTITY_COLUMNS = {
    "document": "string",
    "start": "int32",
    "end": "int32",
    "text": "string",
    "label": "string",
    "score": "float32",
    "concept_id": "string",
    "concept_name": "string",
    "concept_score": "float32",
}
BOOLEAN = frozenset(chain.from_iterable(CONTEXT_ATTRIBUTES.values()))


def parse_attributes(value: str | None) -> list[str]:
    """Parse the option `--attributes`: names separated by commas, each kept once."""
    names = [name.strip() for name in (value or "").split(",")]
    return list(dict.fromkeys(name for name in names if name))


def attribute_kinds(names: Sequence[str]) -> dict[str, str]:
    """Return the column type of each attribute, which does not depend on a pipeline.

    names (Sequence[str]): Names of span extensions, such as "negex".
    RETURNS (dict[str, str]): "bool" for attributes of negation and the like, otherwise "string".
    """
    return {name: "bool" if name in BOOLEAN else "string" for name in names}


def check_attributes(names: Sequence[str], option: str = "--attributes") -> None:
    """Check that attributes can be written; the pipeline must have been loaded.

    names (Sequence[str]): Names of span extensions.
    option (str): What the names were given with, for the message.
    RAISES (ValueError): If no component has registered an attribute, or its name is a column's.
    """
    for name in names:
        if name in ENTITY_COLUMNS:
            raise ValueError(Errors.E221.format(name=name, option=option))
        if not _is_known(name):
            known = _known_names()
            raise ValueError(Errors.E220.format(name=name, known=known, option=option))


def plain_value(value: Any) -> Any:
    """Return a value as JSON holds it: spans and tokens as their text, other objects as `str`.

    value (Any): The value of an attribute.
    RETURNS (Any): None, a string, number, list or dict.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, (Span, Token, Doc)):
        return value.text
    if isinstance(value, Mapping):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain_value(inner) for inner in value), key=str)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return plain_value(value.tolist())
    return str(value)


def column_value(name: str, value: Any, kind: str) -> Any:
    """Return the value of an attribute for a typed column.

    name (str): The attribute, for the message.
    value (Any): See `plain_value`.
    kind (str): See `attribute_kinds`.
    RETURNS (Any): A bool or a string, or None. Numbers, lists and dicts become JSON.
    RAISES (ValueError): If the value does not fit the column.
    """
    if value is None:
        return None
    if kind == "string":
        return check_text(as_text(value))
    if isinstance(value, bool):
        return value
    raise ValueError(Errors.E222.format(name=name, found=shorten(repr(value))))


def as_text(value: Any) -> str:
    """Return a plain value as text: a string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_known(name: str) -> bool:
    """Return whether a span extension has a value; a method has none."""
    return Span.has_extension(name) and Span.get_extension(name)[1] is None


def _known_names() -> str:
    return ", ".join(sorted(filter(_is_known, Underscore.span_extensions))) or "none"
