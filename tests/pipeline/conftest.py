"""Fixtures for what happens between a prediction and a Doc."""

from collections.abc import Callable
from typing import Any

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Config

from spacy_gliner_biomed.pipeline.factory import DEFAULT_CONFIG
from spacy_gliner_biomed.pipeline.settings import Settings


@pytest.fixture
def cfg() -> dict[str, Any]:
    """The component's default settings, with the labels A, B and C."""
    return {**Config().from_str(DEFAULT_CONFIG)["gliner_biomed"], "labels": ["A", "B", "C"]}


@pytest.fixture
def make_settings(cfg: dict[str, Any]) -> Callable[..., Settings]:
    """Makes checked settings: the defaults with some changed."""
    return lambda **changes: Settings.from_cfg({**cfg, **changes})


@pytest.fixture
def doc() -> Doc:
    """Six tokens; its text is "ab-cd ef gh (ij)"."""
    words = ["ab-cd", "ef", "gh", "(", "ij", ")"]
    return Doc(Vocab(), words=words, spaces=[True, True, True, False, False, False])
