import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.models.checkpoints import read_checkpoint
from tests.tiny import tiny_checkpoint

run = CliRunner().invoke


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_exported_folder_is_complete_and_the_same_model(tmp_path: Path, kind: str) -> None:
    source = tiny_checkpoint(tmp_path / "source", kind=kind)
    # As most checkpoints on the hub are: pickled.
    tensors = load_file(source / "model.safetensors")
    torch.save(tensors, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    result = run(gliner_cli, ["export", str(source), str(tmp_path / "new" / "folder")])
    assert result.exit_code == 0, result.output
    one, two = (read_checkpoint(path) for path in (source, tmp_path / "new" / "folder"))
    assert (tmp_path / "new" / "folder" / "model.safetensors").exists()
    assert not (tmp_path / "new" / "folder" / "pytorch_model.bin").exists()
    assert two.subtokens == one.subtokens
    assert two.label_subtokens == one.label_subtokens
    weights = two.network.state_dict()
    for name, tensor in one.network.state_dict().items():
        np.testing.assert_array_equal(weights[name], tensor)


def test_folder_that_is_not_empty_is_refused_unless_forced(uni_span: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    result = run(gliner_cli, ["export", str(uni_span), str(tmp_path)])
    assert result.exit_code == 1
    assert "GB-E056" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
    result = run(gliner_cli, ["export", str(uni_span), str(tmp_path), "--force"])
    assert result.exit_code == 0
    assert json.loads((tmp_path / "gliner_config.json").read_text())["span_mode"] == "markerV0"


def test_file_instead_of_a_folder_and_missing_checkpoint_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    result = run(gliner_cli, ["export", "packaged", str(tmp_path / "file")])
    assert (result.exit_code, "it is a file" in result.stderr) == (1, True)
    result = run(gliner_cli, ["export", str(tmp_path / "empty"), str(tmp_path / "new")])
    assert (result.exit_code, "GB-E015" in result.stderr) == (1, True)
    assert not (tmp_path / "new").exists()


def test_half_precision_weights_are_half_as_large_and_rounded(
    uni_span: Path, tmp_path: Path
) -> None:
    result = run(gliner_cli, ["export", str(uni_span), str(tmp_path / "half"), "--half"])
    assert result.exit_code == 0, result.output
    stored = load_file(tmp_path / "half" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    one, two = (
        read_checkpoint(path).network.state_dict() for path in (uni_span, tmp_path / "half")
    )
    for name, tensor in one.items():
        assert two[name].dtype == torch.float32
        np.testing.assert_allclose(two[name], tensor, rtol=1e-3, atol=1e-6)
