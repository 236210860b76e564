from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.types import LabelSpec


def test_options_of_a_call_go_before_the_settings_and_none_is_no_option(cfg):
    settings = Settings.from_cfg(cfg, labels=["x"], threshold=0.3, overlap=None)
    assert settings.labels == [LabelSpec("x", "x")]
    assert (settings.threshold, settings.overlap) == (0.3, "flat")
    assert cfg["threshold"] == 0.5


def test_each_option_of_a_call_arrives(cfg):
    options = {"threshold": 0.1, "overlap": "nested", "multi_label": True, "alignment": "split"}
    settings = Settings.from_cfg(cfg, **options)
    assert {name: getattr(settings, name) for name in options} == options


def test_what_is_no_option_of_a_call_is_refused(cfg):
    with pytest.raises(ValueError, match=r"GB-E031.*lables, window.*labels, threshold"):
        Settings.from_cfg(cfg, window=3, lables=["x"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("labels", "disease"),
        ("threshold", 2),
        ("overlap", "flatt"),
        ("overlap", True),
        ("alignment", ["split"]),
        ("multi_label", "no"),
        ("multi_label", 1),
    ],
)
def test_a_wrong_option_of_a_call_is_refused(cfg, name, value):
    with pytest.raises(ValueError, match=rf"GB-E030.*'{name}' must be"):
        Settings.from_cfg(cfg, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", "float64"),
        ("annotate_ents", None),
        ("overwrite", "yes"),
        ("window", 0),
        ("window", 2.5),
        ("window", True),
        ("stride", -1),
        ("batch_subtokens", None),
        ("batch_subtokens", "4096"),
        ("spans_key", ""),
        ("spans_key", None),
        ("device", 0),
    ],
)
def test_a_wrong_setting_is_refused(cfg, name, value):
    with pytest.raises(ValueError, match=rf"GB-E030.*'{name}' must be"):
        Settings.from_cfg({**cfg, name: value})


def test_numbers_of_numpy_are_numbers(cfg):
    cfg |= {"window": np.int64(50), "threshold": np.float32(0.25)}
    settings = Settings.from_cfg(cfg)
    assert (settings.window, settings.threshold) == (50, 0.25)


def test_a_label_has_its_own_threshold_or_that_of_all(cfg):
    labels = ["a", {"label": "b", "threshold": 0.2}, {"label": "c", "threshold": 0}]
    settings = Settings.from_cfg({**cfg, "labels": labels, "threshold": 0.7})
    expected = np.array([0.7, 0.2, 0.0], dtype=np.float32)
    assert (settings.thresholds(settings.labels) == expected).all()


def test_the_default_threshold_is_the_setting_or_the_checkpoints(
    make_nlp: Callable[..., Language], uni_span: Path
) -> None:
    component = make_nlp(uni_span, threshold=0.3).get_pipe("gliner_biomed")
    assert component.default_threshold == 0.3
    component.threshold = None
    shim = network_shim(component.model)
    shim.checkpoint.calibration = replace(shim.checkpoint.calibration, threshold=0.4)
    assert component.default_threshold == 0.4
