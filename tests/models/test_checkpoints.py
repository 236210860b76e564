"""Checkpoint folders: written and read back the same, and clear about what is wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from spacy_gliner_biomed.models.checkpoints import (
    load_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from spacy_gliner_biomed.nn.checkpoint_tensors import published_tensors
from tests.tiny import tiny_checkpoint

KINDS = pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])


def files_in(folder: Path) -> list[Path]:
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def edit(path: Path, **changes: Any) -> None:
    """Change a file on purpose: its folder has no digests any more."""
    values = {**json.loads(path.read_text(encoding="utf8")), **changes}
    path.write_text(json.dumps(values), encoding="utf8")
    without_digests(path.parent)


def without_digests(folder: Path) -> None:
    """Make a folder one that an earlier version wrote."""
    path = folder / "spacy_gliner_biomed.json"
    values = json.loads(path.read_text(encoding="utf8"))
    values.pop("sha256", None)
    path.write_text(json.dumps(values), encoding="utf8")


@KINDS
def test_a_checkpoint_reads_back_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    first = read_checkpoint(request.getfixturevalue(kind))
    torch.manual_seed(99)
    write_checkpoint(first, tmp_path / "a")
    again = read_checkpoint(tmp_path / "a")
    assert again.config.evolve(raw={}) == first.config.evolve(raw={})
    assert again.subtokens == first.subtokens
    assert again.label_subtokens == first.label_subtokens
    assert again.source == first.source
    torch.testing.assert_close(
        published_tensors(again.network), published_tensors(first.network), rtol=0, atol=0
    )
    write_checkpoint(again, tmp_path / "b")
    names = files_in(tmp_path / "a")
    assert names == files_in(tmp_path / "b")
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_weights_of_another_seed_are_replaced(uni_span: Path, tmp_path: Path) -> None:
    other = read_checkpoint(tiny_checkpoint(tmp_path / "other", seed=1))
    expected = read_checkpoint(uni_span)
    write_checkpoint(expected, tmp_path / "other")
    replaced = read_checkpoint(tmp_path / "other")
    name = "prompt_rep_layer.0.weight"
    weights = [published_tensors(c.network)[name] for c in (other, expected, replaced)]
    assert not torch.equal(weights[0], weights[1])
    assert torch.equal(weights[1], weights[2])


def test_a_splitter_that_gliner_does_not_know_is_kept_beside_its_config(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, words_splitter_type="fine")
    published = json.loads((tmp_path / "gliner_config.json").read_text(encoding="utf8"))
    assert published["words_splitter_type"] == "whitespace"
    assert read_checkpoint(tmp_path).config.words_splitter_type == "fine"


def test_the_source_is_what_was_recorded_or_else_the_folder(uni_span: Path, tmp_path: Path) -> None:
    assert load_checkpoint(str(uni_span)).source == "tiny"
    foreign = tmp_path / "foreign"
    shutil.copytree(uni_span, foreign)
    (foreign / "spacy_gliner_biomed.json").unlink()
    assert load_checkpoint(str(foreign)).source == str(foreign)


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"'])
@pytest.mark.parametrize("name", ["gliner_config.json", "spacy_gliner_biomed.json"])
def test_broken_json_is_named(tmp_path: Path, name: str, content: str) -> None:
    tiny_checkpoint(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=rf"\[GB-E016\] .*{name} cannot be read as JSON"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("changes", [{"subtokens": None}, {"subtokens": {"pad": 0}}])
def test_extras_of_another_form_are_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    tiny_checkpoint(tmp_path)
    edit(tmp_path / "spacy_gliner_biomed.json", **changes)
    with pytest.raises(ValueError, match=r"\[GB-E016\].*spacy_gliner_biomed.json"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_missing_or_broken_tokenizer_is_named(tmp_path: Path, content: str | None) -> None:
    tiny_checkpoint(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content, encoding="utf8")
    without_digests(tmp_path)
    with pytest.raises(ValueError, match=r"\[GB-E071\] The tokenizer .*tokenizer.json"):
        read_checkpoint(tmp_path)


@KINDS
def test_a_config_of_another_checkpoint_is_refused(tmp_path: Path, kind: str) -> None:
    tiny_checkpoint(tmp_path, kind=kind)
    edit(tmp_path / "gliner_config.json", hidden_size=12)
    with pytest.raises(ValueError, match=r"\[GB-E013\]") as error:
        read_checkpoint(tmp_path)
    assert "shape: " in str(error.value)
    assert " instead of (" in str(error.value)


def test_a_tokenizer_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    edit(tmp_path / "gliner_config.json", class_token_index=3)
    with pytest.raises(ValueError, match=r"\[GB-E018\].*'<<ENT>>' has the id"):
        read_checkpoint(tmp_path)


def test_a_label_tokenizer_with_more_ids_than_embeddings_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, kind="bi_span")
    path = tmp_path / "gliner_config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    edit(path, labels_encoder_config={**config["labels_encoder_config"], "vocab_size": 50})
    with pytest.raises(ValueError, match=r"\[GB-E018\].*ids for 50 rows of the embedding"):
        read_checkpoint(tmp_path)
