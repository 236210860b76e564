"""Settings: a name that is not known or a value that is not allowed is an error, at once."""

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from spacy.language import Language

from spacy_gliner_biomed.common.settings_dict import (
    Configurable,
    Setting,
    SettingsDict,
    check_choice,
    nearest,
)

Change = Callable[[SettingsDict], object]


def check(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Numbers that add up to 10, at most; kept as floats."""
    if sum(values.values()) > 10:
        raise ValueError("too much")
    return {name: float(value) for name, value in values.items()}


@pytest.fixture
def settings() -> SettingsDict:
    return SettingsDict("part", {"window": 4, "stride": 2}, check)


@pytest.mark.parametrize(
    "change",
    [
        lambda cfg: cfg.update(window=3, stride=1),
        lambda cfg: cfg.update({"window": 3}, stride=1),
        lambda cfg: cfg.update([("window", 3), ("stride", 1)]),
        lambda cfg: cfg.__ior__({"window": 3, "stride": 1}),
        lambda cfg: (cfg.__setitem__("window", 3), cfg.__setitem__("stride", 1)),
    ],
)
def test_each_way_to_change_a_setting_is_checked_and_normalized(
    settings: SettingsDict, change: Change
) -> None:
    change(settings)
    assert settings == {"window": 3.0, "stride": 1.0}
    assert all(isinstance(value, float) for value in settings.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cfg: cfg.update(windw=3), r"GB-E140.*'windw' for 'part'. Did you mean 'window'\?"),
        (lambda cfg: cfg.__setitem__("other", 3), r"GB-E140.*settings are: window, stride"),
        (lambda cfg: cfg.__ior__({"strde": 1}), "GB-E140.*'stride'"),
        (lambda cfg: cfg.setdefault("strides", 1), "GB-E140.*'stride'"),
        (lambda cfg: cfg.update(stride=1, window=100), "too much"),
        (lambda cfg: cfg.__setitem__("stride", 100), "too much"),
        (lambda cfg: cfg.__setitem__("x" * 500, 1), "^.{,250}$"),
    ],
)
def test_a_wrong_change_is_an_error_and_changes_nothing(
    settings: SettingsDict, change: Change, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        change(settings)
    assert settings == {"window": 4.0, "stride": 2.0}


@pytest.mark.parametrize(
    "change",
    [
        lambda cfg: cfg.pop("window"),
        lambda cfg: cfg.popitem(),
        lambda cfg: cfg.clear(),
        lambda cfg: cfg.__delitem__("window"),
    ],
)
def test_no_setting_is_removed(settings: SettingsDict, change: Change) -> None:
    with pytest.raises(TypeError, match=r"GB-E142.*'part'"):
        change(settings)
    assert settings == {"window": 4.0, "stride": 2.0}


def test_a_setting_is_no_attribute_of_the_dict(settings: SettingsDict) -> None:
    with pytest.raises(AttributeError, match=r"GB-E141.*cfg\['window'\]"):
        settings.window = 3  # type: ignore[attr-defined]


def test_copies_and_pickles_are_checked_too(settings: SettingsDict) -> None:
    for other in (copy.deepcopy(settings), pickle.loads(pickle.dumps(settings))):
        other["window"] = 3
        assert (other["window"], settings["window"]) == (3, 4)
        with pytest.raises(ValueError, match="GB-E140"):
            other["windows"] = 3


class Part(Configurable):
    window = Setting()
    check_cfg = staticmethod(check)

    def __init__(self) -> None:
        self.name, self.strides = "part", [1]
        self.cfg = {"window": 4, "stride": 2}  # type: ignore[assignment]
        self.counts = 0


def test_attributes_are_settings_or_errors() -> None:
    part = Part()
    part.window = 5
    assert (part.window, part.cfg["window"]) == (5, 5)
    with pytest.raises(ValueError, match="too much"):
        part.window = 100
    for name in ("windo", "stride"):
        with pytest.raises(AttributeError, match=rf"GB-E148.*'part' has no attribute '{name}'"):
            setattr(part, name, 5)
    part.strides, part.counts = [2], 1  # its own
    part.note = "of somebody else"  # type: ignore[attr-defined]
    assert part.cfg == {"window": 5, "stride": 2}


def test_assigning_cfg_changes_what_it_names() -> None:
    part = Part()
    part.cfg = {"stride": 1}  # type: ignore[assignment]
    assert part.cfg == {"window": 4, "stride": 1}
    with pytest.raises(ValueError, match="GB-E140"):
        part.cfg = {"strid": 1}  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("thresold", "threshold"), ("lables", "labels"), ("threshold", "threshold"), ("x", None)],
)
def test_the_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, ["labels", "threshold", "overlap"]) == expected


def test_component_settings_work_at_once_and_are_saved(
    make_nlp: Callable[..., Language], tmp_path: Any
) -> None:
    nlp = make_nlp()
    gliner = nlp.get_pipe("gliner_biomed")
    text = "the aspirin of cancer"
    gliner.threshold = 0.0
    assert len(nlp(text).spans["sc"]) > 0
    gliner.threshold = 1.0
    assert len(nlp(text).spans["sc"]) == 0
    gliner.cfg.update(window=20, stride=15)
    gliner.spans_key = "other"
    assert "other" in nlp(text).spans
    gliner.to_disk(tmp_path / "saved")
    loaded = make_nlp().get_pipe("gliner_biomed").from_disk(tmp_path / "saved")
    changed = {"threshold": 1.0, "window": 20, "stride": 15, "spans_key": "other"}
    assert loaded.cfg == gliner.cfg == {**make_nlp().get_pipe("gliner_biomed").cfg, **changed}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda gliner: setattr(gliner, "threshold", 1.5), r"GB-E030.*'threshold'"),
        (lambda gliner: setattr(gliner, "thresold", 0.5), r"GB-E148.*'threshold'"),
        (lambda gliner: setattr(gliner, "label", ["drug"]), r"GB-E148.*'labels'"),
        (lambda gliner: setattr(gliner, "labels", "drug"), r"GB-E030.*'labels'"),
        (lambda gliner: gliner.cfg.update(thresold=1), r"GB-E140.*'threshold'"),
        (lambda gliner: gliner.cfg.update(stride=150, window="many"), r"GB-E030.*'window'"),
        (lambda gliner: setattr(gliner.cfg, "threshold", 0.5), "GB-E141"),
    ],
)
def test_component_settings_that_do_nothing_are_errors(
    make_nlp: Callable[..., Language], change: Callable[[Any], object], error: str
) -> None:
    gliner = make_nlp().get_pipe("gliner_biomed")
    before = dict(gliner.cfg)
    with pytest.raises((ValueError, AttributeError), match=error):
        change(gliner)
    assert gliner.cfg == before


def test_a_choice_is_one_of_its_values_and_of_their_type() -> None:
    check_choice("flag", True, (True, False))
    with pytest.raises(ValueError, match=r"GB-E030.*'flag' must be one of True, False; found 1"):
        check_choice("flag", 1, (True, False))
    with pytest.raises(ValueError, match=r"'format' must be one of 'a', 'b'; found 'c'"):
        check_choice("format", "c", {"a": 1, "b": 2})
