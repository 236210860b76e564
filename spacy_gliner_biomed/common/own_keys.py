"""Keys of ours beside those of users, of which none may be lost."""

from collections.abc import Collection, Mapping
from itertools import chain, count
from typing import Any


def free_key(name: str, taken: Collection[str]) -> str:
    """Return a name, or with a number behind it if it is taken: "note", "note_2".

    name (str): The name.
    taken (Collection[str]): The names that are there.
    RETURNS (str): A name that is not taken.
    """
    numbered = (f"{name}_{n}" for n in count(2))
    return next(key for key in chain([name], numbered) if key not in taken)


def with_metadata(own: Mapping[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return our keys, then those of a document's metadata; of equal ones, the latter is renamed.

    own (Mapping[str, Any]): Our keys, such as "text".
    meta (Mapping[str, Any]): The metadata, whose "text" becomes "text_column".
    RETURNS (dict[str, Any]): All of them.
    """
    found = dict(own)
    for name, value in meta.items():
        found[free_key(f"{name}_column", {*found, *meta}) if name in own else name] = value
    return found
