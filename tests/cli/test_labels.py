import json
from pathlib import Path

from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.models.catalogue import write_catalogue
from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint
from tests.models.test_catalogue import LABELS

run = CliRunner().invoke


def test_a_checkpoint_without_a_list_says_so(uni_span: Path) -> None:
    result = run(gliner_cli, ["labels", "--checkpoint", str(uni_span)])
    assert result.exit_code == 0
    assert "does not list its labels" in result.stderr


def test_labels_are_listed_filtered_and_searched(uni_span: Path, tmp_path: Path) -> None:
    write_checkpoint(read_checkpoint(uni_span), tmp_path)
    write_catalogue(LABELS, tmp_path / "labels.json")
    command = ["labels", "--checkpoint", str(tmp_path)]
    shown = run(gliner_cli, command).stdout
    assert "gene or protein" in shown
    assert "BRCA1" in shown
    rows = run(gliner_cli, [*command, "--json", "--family", "gene"]).stdout.splitlines()
    assert [json.loads(row)["label"] for row in rows] == ["gene or protein"]
    found = run(gliner_cli, [*command, "--search", "side effects"]).stdout
    assert "adverse event" in found
    assert "BRCA1" not in found
