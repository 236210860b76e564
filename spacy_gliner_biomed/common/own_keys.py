"""Our keys beside those of users, of which none may be lost."""

from collections.abc import Container, Mapping
from typing import Any


def free_key(name: str, taken: Container[str]) -> str:
    """Return a key that is not taken: the name, with underscores behind it where it is.

    name (str): The key to use if it is free.
    taken (Container[str]): The keys that are there.
    RETURNS (str): The key.
    """
    while name in taken:
        name += "_"
    return name


def with_metadata(own: Mapping[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return our keys, then those of a document's metadata; one that we have is renamed.

    own (Mapping[str, Any]): Our keys.
    meta (Mapping[str, Any]): The metadata.
    RETURNS (dict[str, Any]): All of them.
    """
    found = dict(own)
    for name, value in meta.items():
        found[free_key(name, {**found, **meta}) if name in own else name] = value
    return found
