"""What negspaCy and medspaCy say about an entity: negated, historical, another person's ..."""

from collections.abc import Mapping, Sequence
from typing import Any

# The attributes that say so, by meaning.
CONTEXT_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "negated": ("negex", "is_negated"),
    "uncertain": ("is_uncertain",),
    "hypothetical": ("is_hypothetical",),
    "historical": ("is_historical",),
    "family": ("is_family",),
}


def find_context(
    attributes: Mapping[str, Any], names: Mapping[str, Sequence[str]] = CONTEXT_ATTRIBUTES
) -> list[str]:
    """Return the meanings of which an attribute is true.

    attributes (Mapping[str, Any]): An entity's attributes.
    names (Mapping[str, Sequence[str]]): The attributes of each meaning.
    RETURNS (list[str]): Meanings, such as "negated", in the order of `names`.
    """
    return [
        meaning
        for meaning, known in names.items()
        if any(attributes.get(name) is True for name in known)
    ]
