"""Checkpoints are found in the package, in folders, in the hub's cache, and on the hub.

The hub's client reads its environment when it is imported, hence the subprocesses.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from spacy_gliner_biomed.models import hub
from spacy_gliner_biomed.models.hub import find_checkpoint, hub_errors
from tests.models.hub_server import COMMIT, serve

REPOSITORY = "someone/gliner-tiny"
LOAD = """
from spacy_gliner_biomed.models.checkpoints import load_checkpoint
print(load_checkpoint("{name}").source)
"""
FIND = """
from spacy_gliner_biomed.models.hub import find_checkpoint
try:
    print(find_checkpoint("{name}", None))
except ValueError as error:
    print(error)
"""


def run_elsewhere(script: str, **environment: str) -> str:
    """What a script prints in a new process."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script.format(name=REPOSITORY)],
        env={
            **inherited,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_a_folder_is_taken_as_it_is(uni_span: Path) -> None:
    assert find_checkpoint(str(uni_span), None) == uni_span


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"\[GB-E015\].*found: notes\.txt\."):
        find_checkpoint(str(tmp_path), None)


@pytest.mark.parametrize(
    ("values", "architecture"), [({}, "span"), ({"architecture": "boundary"}, "boundary")]
)
def test_a_checkpoint_of_gliner2_is_refused_by_its_format(
    tmp_path: Path, values: dict[str, str], architecture: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "extractor", **values}))
    with pytest.raises(
        ValueError, match=rf"\[GB-E261\].* GLiNER2 checkpoint \(architecture '{architecture}'"
    ):
        find_checkpoint(str(tmp_path), None)


def test_the_config_of_an_encoder_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ValueError, match=r"\[GB-E015\].*found: config\.json\."):
        find_checkpoint(str(tmp_path), None)


def test_a_missing_packaged_model_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "PACKAGED_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"\[GB-E019\]"):
        find_checkpoint("packaged", None)


def test_a_path_that_does_not_exist_is_reported_as_one() -> None:
    with pytest.raises(ValueError, match=r"\[GB-E017\].*does not exist"):
        find_checkpoint("./no/such/folder", None)


@pytest.mark.parametrize("error", [OSError(), ValueError("x\ny"), RuntimeError("broken")])
def test_any_failure_of_the_hub_says_what_to_do(error: Exception) -> None:
    with (
        pytest.raises(ValueError, match=r"\[GB-E017\] The thing .*hf download a/b"),
        hub_errors("a/b", "The thing"),
    ):
        raise error


def test_a_cached_checkpoint_is_found_without_a_network(uni_span: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--someone--gliner-tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(COMMIT)
    shutil.copytree(uni_span, cached / "snapshots" / COMMIT)
    printed = run_elsewhere(LOAD, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert printed == f"{REPOSITORY}@{COMMIT}"


def test_a_checkpoint_that_is_not_cached_is_reported(tmp_path: Path) -> None:
    printed = run_elsewhere(FIND, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert printed.startswith(f"[GB-E017] The checkpoint '{REPOSITORY}' cannot be loaded")
    assert f"hf download {REPOSITORY}" in printed


@pytest.mark.parametrize("safe", [True, False])
def test_only_what_is_needed_is_downloaded(uni_span: Path, tmp_path: Path, safe: bool) -> None:
    published = Path(shutil.copytree(uni_span, tmp_path / "published"))
    tensors = load_file(published / "model.safetensors")
    torch.save(tensors, published / "pytorch_model.bin")
    if not safe:
        (published / "model.safetensors").unlink()
    for name in ("README.md", "onnx/model.onnx", "optimizer.pt", "model.fp16.safetensors"):
        (published / name).parent.mkdir(exist_ok=True)
        (published / name).write_bytes(b"large")
    with serve(published, REPOSITORY) as (address, fetched):
        printed = run_elsewhere(FIND, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "home"))
    assert Path(printed).name == COMMIT
    weights = "model.safetensors" if safe else "pytorch_model.bin"
    needed = {path.name for path in uni_span.iterdir()} - {"model.safetensors"}
    assert sorted(fetched) == sorted([*needed, weights])
