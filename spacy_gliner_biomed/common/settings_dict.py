"""A component's settings: a dict that checks all settings together at each change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors

# Checks all settings together, and returns the values to store.
Check = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class SettingsDict(dict[str, Any]):
    """Settings with fixed names. An invalid change leaves all settings unchanged.

    component (str): The component's name, for messages.
    values (Mapping[str, Any]): All settings.
    check (Check): Raises ValueError for an invalid value; must be picklable.
    RAISES (ValueError): If `check` does.
    """

    __slots__ = ("check", "component", "on_change")

    def __init__(self, component: str, values: Mapping[str, Any], check: Check) -> None:
        super().__init__(check(values))
        self.component = component
        self.check = check
        # Called with the names of the settings that were changed; a pickled copy has none.
        self.on_change: Callable[[list[str]], None] | None = None

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __ior__(self, changes: Any) -> "SettingsDict":  # type: ignore[override, misc]
        self.update(changes)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__slots__:
            raise AttributeError(Errors.E141.format(name=name, component=self.component))
        super().__setattr__(name, value)

    def __delitem__(self, name: str) -> None:
        self._refuse_removal()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.component, dict(self), self.check)

    def update(self, *changes: Any, **named: Any) -> None:  # type: ignore[override]
        """Change several settings at once.

        RAISES (ValueError): For an unknown name or an invalid value; no setting is changed then.
        """
        changed = dict(*changes, **named)
        check_names(changed, self, self.component)
        before = dict(self)
        super().update(self.check({**self, **changed}))
        if self.on_change is not None:
            self.on_change([name for name in self if self[name] != before[name]])

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a setting; all settings always exist."""
        check_names([name], self, self.component)
        return self[name]

    def pop(self, *_: Any) -> Any:
        """Raise an error: settings cannot be removed."""
        self._refuse_removal()

    def popitem(self) -> Any:
        """Raise an error: settings cannot be removed."""
        self._refuse_removal()

    def clear(self) -> None:
        """Raise an error: settings cannot be removed."""
        self._refuse_removal()

    def _refuse_removal(self) -> None:
        raise TypeError(Errors.E142.format(component=self.component))


class Setting:
    """An attribute of a component that reads and writes an entry of its `cfg`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, component: Any, owner: type | None = None) -> Any:
        return self if component is None else component.cfg[self.name]

    def __set__(self, component: Any, value: Any) -> None:
        component.cfg[self.name] = value


class Configurable:
    """Gives a component a checked `cfg`, and rejects attributes that look like misspelt settings.

    A component must set its own attributes with such names before `cfg`.
    """

    name: str
    _cfg: SettingsDict

    @staticmethod
    def check_cfg(values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check all settings; see `SettingsDict`."""
        raise NotImplementedError

    def settings_changed(self, names: Sequence[str]) -> None:
        """Called when settings were changed."""

    @property
    def cfg(self) -> SettingsDict:
        """The settings. They can be changed at any time and are checked immediately.

        Assigning a dict changes the settings that it names.
        """
        return self._cfg

    @cfg.setter
    def cfg(self, values: Mapping[str, Any]) -> None:
        if "_cfg" in self.__dict__:
            self._cfg.update(values)
        else:
            self._cfg = SettingsDict(self.name, values, self.check_cfg)
            self._cfg.on_change = self.settings_changed

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__.get("_cfg")
        if known and name not in self.__dict__ and not hasattr(type(self), name):
            found = nearest(name, known)
            if found:
                message = Errors.E148.format(component=self.name, name=name, nearest=found)
                raise AttributeError(message)
        super().__setattr__(name, value)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant; None if there is none."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.75)), None)


def hint_at(unknown: Iterable[str], known: Sequence[str]) -> str:
    """Return a sentence with the names that were probably meant.

    unknown (Iterable[str]): Unknown names.
    known (Sequence[str]): The allowed names.
    RETURNS (str): The sentence, after a space; empty if no name is similar.
    """
    meant = [repr(found) for name in unknown if (found := nearest(name, known))][:3]
    return f" Did you mean {', '.join(meant)}?" if meant else ""


def check_choice(name: str, value: Any, allowed: Iterable[Any]) -> None:
    """Check that a setting or option has one of some values.

    name (str): The setting or option, for the message.
    value (Any): Its value.
    allowed (Iterable[Any]): The allowed values.
    RAISES (ValueError): If the value is none of these.
    """
    allowed = list(allowed)
    # Not `in`: 1 is no name for True, although it equals it.
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        listed = "one of " + ", ".join(map(repr, allowed))
        raise ValueError(Errors.E030.format(name=name, allowed=listed, found=value))


def check_names(names: Iterable[str], known: Iterable[str], component: str) -> None:
    """Check that all names are known.

    names (Iterable[str]): The names to check.
    known (Iterable[str]): The allowed names.
    component (str): The component's name, for the message.
    RAISES (ValueError): If a name is unknown; suggests the most similar known name.
    """
    known = list(known)
    unknown = sorted(str(name) for name in names if name not in known)
    if unknown:
        hint = hint_at(unknown, known)
        found, allowed = list_names(map(repr, unknown)), ", ".join(known)
        raise ValueError(
            Errors.E140.format(found=found, component=component, hint=hint, allowed=allowed)
        )
