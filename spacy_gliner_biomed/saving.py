"""Settings of a component as they are saved, and what becomes of them when it is loaded."""

import json
from collections.abc import Mapping
from typing import Any


def dump_settings(configured: Mapping[str, Any], current: Mapping[str, Any]) -> bytes:
    """Settings as JSON.

    configured (Mapping[str, Any]): As the component was made with them.
    current (Mapping[str, Any]): As they are now.
    """
    return json.dumps({"configured": configured, "current": current}, indent=2).encode("utf8")


def restore_settings(saved: bytes, configured: Mapping[str, Any], current: dict[str, Any]) -> None:
    """Take settings that were changed before saving, unless the config that the component was
    made from was changed after it: the newest word counts. (Numbers are compared, so they are
    read by `json`; srsly reads 0.3 as 0.30000000000000004.)

    saved (bytes): What `dump_settings` gave.
    configured, current: Of the component that is loaded; the latter is changed.
    """
    state = json.loads(saved)
    for key, value in state["current"].items():
        if key in current and state["configured"].get(key) == configured[key]:
            current[key] = value
