"""Settings of a component as they are saved, and what becomes of them when it is loaded."""

import hashlib
import json
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import srsly

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.settings_dict import SettingsDict, check_names
from spacy_gliner_biomed.errors import Errors

PARTS = {"configured", "current"}


class PipelineConfig:
    """The config of the pipeline that a component was made for. Copies of it know of none.

    nlp (Any): spaCy's pipeline, or None if it is not known.
    """

    def __init__(self, nlp: Any = None) -> None:
        self._nlp: Callable[[], Any] = weakref.ref(nlp) if nlp else _nothing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()

    def just_loaded(self, name: str, exclude: Iterable[str]) -> Mapping[str, Any] | None:
        """A component's part of the config that its pipeline has just read, with overrides.

        name (str): The component's name.
        exclude (Iterable[str]): What the component was told to leave out; spaCy's pipelines read
            the vocab themselves.
        RETURNS (Mapping[str, Any] | None): None if the component is loaded by itself.
        """
        nlp = self._nlp()
        if nlp is None or "vocab" not in exclude:
            return None
        # Not `nlp.config`: that property writes the config of the components that are there.
        config = nlp._config.interpolate()
        settings: Mapping[str, Any] | None = config.get("components", {}).get(name)
        return settings


def dump_settings(configured: Mapping[str, Any], current: Mapping[str, Any]) -> bytes:
    """Settings as JSON, with a checksum.

    configured (Mapping[str, Any]): As the component was made with them.
    current (Mapping[str, Any]): As they are now.
    """
    state: dict[str, Any] = {"configured": configured, "current": dict(current)}
    return json.dumps({**state, "checksum": _checksum(state)}, indent=2).encode("utf8")


def restore_settings(
    saved: bytes,
    configured: Mapping[str, Any],
    current: SettingsDict,
    loaded: Mapping[str, Any] | None = None,
) -> None:
    """Take the settings that were saved.

    A config that was edited after saving, or overridden when it was loaded, is newer: its
    values are kept. It is the one that a pipeline has just read, and that the component was made
    of; a component that was made otherwise takes all that was saved. (Numbers are compared, so
    they are read by `json`; srsly reads 0.3 as 0.30000000000000004.)

    saved (bytes): What `dump_settings` gave.
    configured, current: Of the component that is loaded; the latter is changed.
    loaded (Mapping[str, Any] | None): See `PipelineConfig.just_loaded`.
    RAISES (ValueError): If they are damaged, or of another version.
    """
    state = _read(saved)
    check_names(state["current"], current, current.component)
    before = state["configured"]

    def is_newer(key: str) -> bool:
        if loaded is None or key not in loaded or key not in before:
            return False
        made_of_it = _same(loaded[key], configured[key])
        return made_of_it and not _same(configured[key], before[key])

    current.update({key: v for key, v in state["current"].items() if not is_newer(key)})


def read_parts(
    message: bytes, readers: Mapping[str, Callable[[Any], Any]], exclude: Iterable[str]
) -> None:
    """Read the parts of a saved component, as `spacy.util.from_bytes` does, but no part that is
    not known: it would be a damaged name.

    message (bytes): What `spacy.util.to_bytes` gave.
    readers (Mapping[str, Callable]): What takes each part.
    exclude (Iterable[str]): Parts that are left out.
    RAISES (ValueError): If it is damaged.
    """
    with reading("the bytes of a saved component"):
        parts = srsly.msgpack_loads(message)
        if not isinstance(parts, dict) or not set(parts) <= set(readers):
            raise ValueError(f"it needs the parts {', '.join(readers)}")
    for name, read in readers.items():
        if name in parts and name not in exclude:
            with reading(f"{name!r} of a saved component"):
                read(parts[name])


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Give what goes wrong while saved data is read a message of our own.

    RAISES (ValueError): For any exception that has none, but for a package that is missing.
    """
    try:
        yield
    except ImportError:
        raise
    except Exception as error:  # broken data raises whatever its reader stumbles on
        if "[GB-E" in str(error):
            raise
        problem = shorten(f"{type(error).__name__}: {error}")
        raise ValueError(Errors.E144.format(what=what, error=problem)) from error


def _read(saved: bytes) -> dict[str, Any]:
    with reading("'cfg', the settings of a saved component,"):
        state = json.loads(saved)
        checksum = state.pop("checksum", None)  # older versions wrote none
        if set(state) != PARTS or not all(isinstance(state[part], dict) for part in PARTS):
            raise ValueError("it holds no settings")
        if checksum is not None and checksum != _checksum(state):
            raise ValueError("its checksum is not that of its content")
    values: dict[str, Any] = state
    return values


def _checksum(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode("utf8")).hexdigest()


def _same(first: Any, second: Any) -> bool:
    """Equal as JSON, in which configs and settings are."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def _nothing() -> None:
    return None
