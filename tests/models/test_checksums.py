"""What is changed in a checkpoint's files is found, or is the same."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spacy.language import Language

from spacy_gliner_biomed.models.checkpoints import Checkpoint, read_checkpoint
from spacy_gliner_biomed.models.hub import EXTRAS_NAME
from spacy_gliner_biomed.nn.checkpoint_tensors import published_tensors
from tests.tiny import tiny_checkpoint

FILES = ["model.safetensors", "gliner_config.json", "tokenizer.json", "spacy_gliner_biomed.json"]


def damage(content: bytes, rng: random.Random) -> bytes:
    """One bit flipped, one byte exchanged, or the end cut off."""
    changed = bytearray(content)
    place = rng.randrange(len(content))
    how = rng.choice(["bit", "byte", "cut"])
    if how == "cut":
        return content[:place]
    changed[place] = changed[place] ^ 2 ** rng.randrange(8) if how == "bit" else rng.randrange(256)
    return bytes(changed)


def read_or_refuse(folder: Path) -> Checkpoint | None:
    """None for an error, which has to have a code and to be short."""
    try:
        return read_checkpoint(folder)
    except ValueError as error:
        message = str(error)
    assert "[GB-E" in message
    assert len(message) < 1000
    return None


def is_same(one: Checkpoint, other: Checkpoint) -> bool:
    tensors = [published_tensors(checkpoint.network) for checkpoint in (one, other)]
    same_weights = all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])
    configs = [checkpoint.config.evolve(raw={}) for checkpoint in (one, other)]
    subtokens = [(c.subtokens, c.label_subtokens) for c in (one, other)]
    return same_weights and configs[0] == configs[1] and subtokens[0] == subtokens[1]


@pytest.mark.parametrize("name", FILES)
def test_damage_of_a_saved_checkpoint_is_an_error_or_changes_nothing(
    uni_span: Path, tmp_path: Path, name: str
) -> None:
    expected, rng = read_checkpoint(uni_span), random.Random(5)
    folder = tmp_path / "damaged"
    shutil.copytree(uni_span, folder)
    content = (folder / name).read_bytes()
    n_refused = 0
    for _ in range(40):
        (folder / name).write_bytes(damage(content, rng))
        found = read_or_refuse(folder)
        n_refused += found is None
        assert found is None or is_same(found, expected)
    assert n_refused > 25


@pytest.mark.parametrize("name", ["pytorch_model.bin", *FILES[:3]])
def test_damage_of_a_published_checkpoint_is_an_error_or_can_be_read(
    uni_span: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """They have no digests: what stays a number, a size or a word cannot be known."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    expected, rng = read_checkpoint(uni_span), random.Random(6)
    folder = tmp_path / "damaged"
    shutil.copytree(uni_span, folder)
    (folder / "spacy_gliner_biomed.json").unlink()
    if name == "pytorch_model.bin":
        (folder / "model.safetensors").unlink()
        torch.save(published_tensors(expected.network), folder / name)
    content = (folder / name).read_bytes()
    for _ in range(15):
        (folder / name).write_bytes(damage(content, rng))
        found = read_or_refuse(folder)
        if found is None:
            continue
        assert all(torch.isfinite(t).all() for t in found.network.state_dict().values())
        if name == "pytorch_model.bin":  # its zip has checksums
            assert is_same(found, expected)


def test_nested_json_is_no_crash(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    (tmp_path / "gliner_config.json").write_text("[" * 10**5)
    with pytest.raises(ValueError, match=r"\[GB-E016\]"):
        read_checkpoint(tmp_path)


def test_digests_may_be_missing_and_are_given_up_on_purpose(uni_span: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(uni_span, folder)
    config, extras = folder / "gliner_config.json", folder / "spacy_gliner_biomed.json"
    values = json.loads(config.read_text(encoding="utf8"))
    config.write_text(json.dumps({**values, "max_len": 30}), encoding="utf8")
    with pytest.raises(ValueError, match=r"\[GB-E135\].*gliner_config.json has changed"):
        read_checkpoint(folder)
    own: dict[str, Any] = json.loads(extras.read_text(encoding="utf8"))
    del own["sha256"]["gliner_config.json"]
    extras.write_text(json.dumps(own), encoding="utf8")
    assert read_checkpoint(folder).config.max_len == 30
    del own["sha256"]
    extras.write_text(json.dumps(own), encoding="utf8")
    assert read_checkpoint(folder).config.max_len == 30


def test_a_file_that_is_gone_is_an_error(uni_span: Path, tmp_path: Path) -> None:
    folder = tmp_path / "incomplete"
    for name in (path.name for path in uni_span.iterdir() if path.name != EXTRAS_NAME):
        shutil.copytree(uni_span, folder)
        (folder / name).unlink()
        with pytest.raises(ValueError, match=r"\[GB-E(011|016|071|391)\]"):
            read_checkpoint(folder)
        shutil.rmtree(folder)


def test_line_ends_of_version_control_are_no_change(uni_span: Path, tmp_path: Path) -> None:
    folder = tmp_path / "crlf"
    shutil.copytree(uni_span, folder)
    for path in folder.glob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert is_same(read_checkpoint(folder), read_checkpoint(uni_span))


def test_a_damaged_pipeline_does_not_load(
    make_nlp: Callable[..., Language], tmp_path: Path
) -> None:
    make_nlp().to_disk(tmp_path)
    path = tmp_path / "gliner_biomed" / "model" / "model.safetensors"
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8).copy()
    content[-1] ^= 1
    path.write_bytes(content.tobytes())
    with pytest.raises(ValueError, match=r"\[GB-E135\].*model.safetensors has changed"):
        make_nlp().from_disk(tmp_path)


@pytest.mark.parametrize("method", ["from_disk", "from_bytes"])
def test_a_damaged_component_leaves_the_settings_as_they_were(
    make_nlp: Callable[..., Language], tmp_path: Path, method: str
) -> None:
    saved = make_nlp(labels=["disease"], threshold=0.25).get_pipe("gliner_biomed")
    saved.to_disk(tmp_path)
    path = tmp_path / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    found = {"from_disk": tmp_path, "from_bytes": saved.to_bytes()[:-1] + b"?"}[method]
    component = make_nlp(labels=["drug"], threshold=0.75).get_pipe("gliner_biomed")
    with pytest.raises(ValueError, match="GB-E"):
        getattr(component, method)(found)
    assert (component.labels, component.threshold) == (("drug",), 0.75)
