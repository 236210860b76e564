"""Causal language models as folders and as GGUF files; the files are tiny and made here."""

from pathlib import Path

import pytest
import torch

from spacy_gliner_biomed.models.causal import is_gguf, load_causal_model
from tests.tiny_llm import tiny_gguf, tiny_llm


def test_a_folder_is_loaded_ready_to_evaluate(tmp_path: Path) -> None:
    tokenizer, model = load_causal_model(str(tiny_llm(tmp_path)), "cpu")
    assert not model.training
    ids = torch.tensor([tokenizer("Aspirin").input_ids])
    assert model(ids).logits.shape == (1, 7, 257)


@pytest.mark.parametrize(
    ("name", "expected"), [("a/b.gguf", True), ("B.GGUF", True), ("gguf", False), ("a.txt", False)]
)
def test_a_gguf_file_is_known_by_its_ending(name: str, expected: bool) -> None:
    assert is_gguf(name) == expected


def test_a_missing_gguf_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E340.*no\.gguf"):
        load_causal_model(str(tmp_path / "no.gguf"), "cpu")


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(ImportError, match=r"GB-E107.*\[gguf\]"):
        load_causal_model(str(path), "cpu")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_gguf_file_is_named(tmp_path: Path, share: float) -> None:
    pytest.importorskip("gguf", reason="needs gguf (extra 'gguf')")
    path = tiny_gguf(tmp_path / "tiny.gguf")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))] or b"no such thing as a model")
    with pytest.raises(ValueError, match=r"GB-E111.*tiny\.gguf"):
        load_causal_model(str(path), "cpu")


def test_a_gguf_file_has_its_weights_and_the_token_that_ends_a_text(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="needs gguf (extra 'gguf')")
    tokenizer, model = load_causal_model(str(tiny_gguf(tmp_path / "tiny.gguf")), "cpu")
    assert (tokenizer.eos_token, tokenizer.eos_token_id) == ("<end>", 1)
    assert model.config.eos_token_id == 1
    assert model.dtype == torch.float32
    ids = tokenizer("Aspirin").input_ids
    assert tokenizer.decode(ids) == "Aspirin"
    weights = torch.load(tmp_path / "tiny.pt", weights_only=True)
    assert torch.equal(model.get_input_embeddings().weight, weights)
