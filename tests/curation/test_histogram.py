"""The picture of scores: any outcome has a place, and what cannot be drawn is no error."""

import sys
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.curation.histogram import draw_histogram
from spacy_gliner_biomed.curation.selection import Decisions

DECISIONS = Decisions(
    np.array([0, 1, 0, 0], dtype=np.int32), ["kept", "easy"], np.array([0.2, 1.5, np.inf, np.nan])
)


def test_outcomes_are_drawn_and_the_infinite_is_left_out(tmp_path: Path) -> None:
    draw_histogram(DECISIONS, tmp_path / "x.svg")
    assert "<!-- easy -->" in (tmp_path / "x.svg").read_text()


def test_without_positives_the_picture_is_empty(tmp_path: Path) -> None:
    draw_histogram(DECISIONS[3:], tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E110.*\.svg"):
        draw_histogram(DECISIONS, tmp_path / "x.doc")


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"GB-E107.*matplotlib.*\[curate\]"):
        draw_histogram(DECISIONS, tmp_path / "x.svg")
