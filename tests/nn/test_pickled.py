"""Files of torch.save: damage is found by their checksums, and old versions of torch read none."""

import zipfile
from pathlib import Path

import pytest
import torch
from torch.torch_version import TorchVersion

from spacy_gliner_biomed.models.training_state import read_state
from spacy_gliner_biomed.nn.checkpoint_tensors import read_tensors
from spacy_gliner_biomed.nn.pickled import load_pickled

MESSAGE = "{path}: {error}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save({"a": torch.arange(1000.0)}, tmp_path / "pytorch_model.bin")
    return tmp_path / "pytorch_model.bin"


def test_a_changed_byte_of_a_tensor_is_found(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        (record,) = (info for info in file.infolist() if "/data/" in info.filename)
    content[record.header_offset + 2000] ^= 1
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)["a"].isfinite().all()  # torch sees nothing
    with pytest.raises(ValueError, match=r"\[GB-E012\].*checksum of its record '.*/data/0'"):
        read_tensors(path.parent)
    with pytest.raises(ValueError, match=r"\[GB-E067\].*checksum"):
        read_state(path)


@pytest.mark.parametrize("version", ["2.5.1", "2.9.1+cu128", "2.10.0", "2.13.0+cpu"])
def test_older_torch_reads_no_pickle(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(torch, "__version__", TorchVersion(version))
    if version.startswith(("2.1", "3")):
        assert len(load_pickled(path, MESSAGE)["a"]) == 1000
        return
    with pytest.raises(ValueError, match=rf"^\[GB-E134\].*torch {version[:3]}.*torch>=2.10"):
        read_tensors(path.parent)
    with pytest.raises(ValueError, match=r"^\[GB-E134\]"):
        read_state(path)


def test_files_from_before_zip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    assert load_pickled(path, MESSAGE)["a"].tolist() == [1, 1]
