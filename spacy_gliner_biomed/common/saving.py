"""Save the settings of a component, and restore them when it is loaded."""

import json
import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import srsly
from confection import Config

from spacy_gliner_biomed.common.hashing import digest_of_values
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.settings_dict import Configurable, SettingsDict, check_names
from spacy_gliner_biomed.errors import Errors

PARTS = {"configured", "current"}


class PipelineConfig:
    """The config of the pipeline that a component belongs to. A pickled copy knows no pipeline.

    nlp (Any): The spaCy pipeline; None if it is unknown.
    """

    def __init__(self, nlp: Any = None) -> None:
        self._nlp: Callable[[], Any] = weakref.ref(nlp) if nlp else _nothing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()

    @property
    def nlp(self) -> Any:
        """The pipeline; None if it is unknown."""
        return self._nlp()

    def just_loaded(self, name: str, exclude: Iterable[str]) -> Mapping[str, Any] | None:
        """Return a component's part of the config that its pipeline has just read, with overrides.

        name (str): The component's name.
        exclude (Iterable[str]): The parts that the component must not load; spaCy's pipelines
            exclude the vocab and load it themselves.
        RETURNS (Mapping[str, Any] | None): The settings; None if the component is loaded alone.
        """
        nlp = self.nlp
        if nlp is None or "vocab" not in exclude:
            return None
        # Not `nlp.config`: that property rebuilds the config from the current components.
        config = nlp._config.interpolate()
        settings: Mapping[str, Any] | None = config.get("components", {}).get(name)
        return settings

    def show(self, component: Any, names: Iterable[str]) -> None:
        """Write changed settings of a component into the pipeline's config, so that it shows them.

        component (Any): The component. A pipeline that does not hold it is not changed.
        names (Iterable[str]): The settings.
        """
        nlp = self.nlp
        if nlp is None or component.name not in nlp.component_names:
            return
        if nlp.get_pipe(component.name) is component:
            config = nlp.get_pipe_config(component.name)
            config.update({key: deepcopy(component.cfg[key]) for key in names if key in config})


class SavedSettings(Configurable):
    """Saves the settings of a component, and shows changes in the config of its pipeline.

    configured (dict[str, Any]): The settings that the component was created with.
    pipeline_config (PipelineConfig): The config.
    """

    configured: dict[str, Any]
    pipeline_config: PipelineConfig

    def settings_changed(self, names: Sequence[str]) -> None:
        """Show changed settings in the pipeline's config."""
        self.pipeline_config.show(self, names)

    def _dump(self, path: Path | None = None) -> bytes:
        """Return what to save of the settings, see `dump_settings`.

        path (Path | None): The component's folder. The pipeline that saves it has written its
            config beside it, which need not be the one that shows changes: a component can be in
            several pipelines.
        """
        configured = self.configured if path is None else self.configured | _config_beside(path)
        return dump_settings({key: configured[key] for key in self.configured}, self.cfg)

    def _restore(self, saved: bytes, exclude: Iterable[str]) -> None:
        loaded = self.pipeline_config.just_loaded(self.name, exclude)
        restore_settings(saved, self.configured, self.cfg, loaded)


def dump_settings(configured: Mapping[str, Any], current: Mapping[str, Any]) -> bytes:
    """Return settings as JSON with a checksum.

    configured (Mapping[str, Any]): The settings that the component was created with.
    current (Mapping[str, Any]): The current settings.
    RETURNS (bytes): The JSON.
    """
    state: dict[str, Any] = {"configured": configured, "current": dict(current)}
    return json.dumps({**state, "checksum": digest_of_values(state)}, indent=2).encode("utf8")


def restore_settings(
    saved: bytes,
    configured: Mapping[str, Any],
    current: SettingsDict,
    loaded: Mapping[str, Any] | None = None,
) -> None:
    """Restore saved settings.

    Values of a config that was edited after saving, or overridden at loading, take precedence over
    saved ones. This holds if a pipeline has just read the config and created the component from
    it; any other component takes all saved settings. Numbers are compared, so `json` parses them:
    srsly reads 0.3 as 0.30000000000000004.

    saved (bytes): The result of `dump_settings`.
    configured (Mapping[str, Any]): The settings that the component was created with.
    current (SettingsDict): The settings of the component; they are changed.
    loaded (Mapping[str, Any] | None): See `PipelineConfig.just_loaded`.
    RAISES (ValueError): If the settings are damaged or of another version.
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
    """Read the parts of a saved component as `spacy.util.from_bytes` does, but refuse unknown
    parts, whose names must be damaged.

    message (bytes): The result of `spacy.util.to_bytes`.
    readers (Mapping[str, Callable[[Any], Any]]): The function that loads each part.
    exclude (Iterable[str]): Parts that are not loaded.
    RAISES (ValueError): If the data are damaged.
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
    """Turn errors while saved data are read into an error with a code.

    what (str): The data, for the message.
    RAISES (ValueError): For any exception without a code, except for a missing package.
    """
    try:
        yield
    except ImportError:
        raise
    except Exception as error:  # damaged data can raise any exception
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
        if checksum is not None and checksum != digest_of_values(state):
            raise ValueError("its checksum is not that of its content")
    values: dict[str, Any] = state
    return values


def _config_beside(path: Path) -> dict[str, Any]:
    """Return a component's part of the config in the folder that its own folder is in."""
    file = path.parent / "config.cfg"
    if not file.is_file():
        return {}
    try:
        config = Config().from_disk(file, interpolate=True)
    except ValueError:  # another program's
        return {}
    return dict(config.get("components", {}).get(path.name, {}))


def _same(first: Any, second: Any) -> bool:
    """Return whether two values are equal as JSON, the form of configs and settings.

    Configs double each "$" when they are written, and do not undo it.
    """
    texts = (json.dumps(value, sort_keys=True) for value in (first, second))
    one, other = (re.sub(r"\$+", "$", text) for text in texts)
    return one == other


def _nothing() -> None:
    return None
