"""Benchmarks of training: a few steps on random encoders and tiny corpora."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.common import read_results
from benchmarks.training import (
    auxiliary,
    few_shot,
    partial_annotation,
    self_training,
    short_training,
    trainers,
    zero_shot,
)
from tests.benchmarks.conftest import strings
from tests.parity.upstream import Recipe, import_gliner, make_checkpoint

pytestmark = pytest.mark.slow


def run(main: Any, output: Path, *arguments: object) -> Any:
    main(strings(*arguments, "--output", output))
    return read_results(output)


# the corpora of the test have other labels than the config
@pytest.mark.filterwarnings("ignore:.*GB-W412")
def test_zero_shot(corpora: Path, encoder: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--encoder", encoder, "--training", tmp_path, "--steps", 1]
    rows = run(zero_shot.main, tmp_path / "out.json", *asked, "--no-layout")
    assert list(rows) == zero_shot.LEFT_OUT
    assert rows["phee"]["labels"] == 2
    kept = tmp_path / "zero_shot" / "corpora"
    assert {path.name for path in kept.iterdir()} == {"everyday_synth", "everyday_more"}
    assert (tmp_path / "zero_shot" / "model-last").is_dir()


def test_partial_annotation(corpora: Path, encoder: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--encoder", encoder, "--training", tmp_path, "--steps", 1]
    rows = run(partial_annotation.main, tmp_path / "out.json", *asked, "--limit", 2)
    assert list(rows) == ["with_rule", "without_rule"]
    assert list(rows["with_rule"]) == partial_annotation.MEASURED


def test_few_shot(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["bc5cdr", "--corpora", corpora, "--checkpoint", checkpoint, "--steps", 1]
    rows = run(few_shot.main, tmp_path / "out.json", *asked, "--documents", 0, 2)
    assert [row["documents"] for row in rows] == [0, 2]


def test_auxiliary_continues(
    corpora: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--corpora", corpora, "--encoder", encoder, "--steps", 2, "--test", 2, "--dev", 2]
    for seeds in (1, 2):
        rows = run(auxiliary.main, tmp_path / "out.json", *asked, "--seeds", seeds)
        assert len(rows) == seeds * 2 * len(auxiliary.TARGETS)
    assert "| strict F1 | alone | with general corpora |" in capsys.readouterr().out


def test_self_training(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--steps", 1, "--seeds", 1]
    options = ["--test", 2, "--sources", "phee", "--silver", tmp_path / "silver.spacy"]
    rows = run(self_training.main, tmp_path / "out.json", *asked, *options)
    assert [row["stage"] for row in rows] == ["before"] * 3 + ["after"] * 3
    assert (tmp_path / "silver.spacy").exists()


def test_the_work_of_short_trainings_is_shared() -> None:
    assert short_training.mean_and_deviation([]) == "-"
    assert short_training.mean_and_deviation([1.0, 3.0]) == "2.0 ± 1.4"


def test_trainers(corpora: Path, tmp_path: Path) -> None:
    import_gliner()
    folder = make_checkpoint(Recipe(), tmp_path / "model")
    asked = ["--corpora", corpora, "--checkpoint", folder]
    options = ["--steps", trainers.N_WARM + 2, "--repeats", 1, "--batch-size", 2]
    rows = run(trainers.main, tmp_path / "out.json", *asked, *options, "--precision", "float32")
    assert rows["ratio"] > 0
