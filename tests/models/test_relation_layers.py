"""Relations are added to checkpoints that find entities."""

from pathlib import Path
from typing import Any

import pytest
import spacy
import torch

from spacy_gliner_biomed.models.checkpoints import (
    load_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.relation_layers import add_relations, load_with_relations
from tests.tiny import tiny_checkpoint


@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_weights_are_kept_and_a_marker_is_added(tmp_path: Path, kind: str) -> None:
    old = load_checkpoint(str(tiny_checkpoint(tmp_path / "old", kind=kind)))
    new = add_relations(old, "mlp")
    before, after = old.network.state_dict(), new.network.state_dict()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name][: len(tensor)], tensor)
    added = {name.split(".")[0] for name in after.keys() - before.keys()}
    assert "relation_scorer" in added
    assert new.subtokens.token_id("<<REL>>") == new.config.rel_token_index
    table = after["encoder.embeddings.word_embeddings.weight"]
    assert len(table) == new.config.vocab_size == old.config.vocab_size + 1
    marker, similar = table[new.config.rel_token_index], table[old.config.class_token_index]
    assert 0 < (marker - similar).abs().max() < 0.1
    assert old.subtokens.token_id("<<REL>>") is None  # nothing is changed in place
    write_checkpoint(new, tmp_path / "new")
    read = read_checkpoint(tmp_path / "new")
    assert read.config.relations_layer == "mlp"
    for name, tensor in read.network.state_dict().items():
        torch.testing.assert_close(tensor, after[name])


def test_a_pipeline_adds_them_once(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / "old")
    config: dict[str, Any] = {"labels": ["drug"]}
    config["model"] = {"checkpoint": str(folder), "relations_layer": "none"}
    nlp = spacy.blank("en")
    component = nlp.add_pipe("gliner_biomed", config={**config, "relations": ["treats"]})
    assert isinstance(nlp("aspirin and cancer")._.relations, list)
    network_shim(component.model).to_disk(tmp_path / "new")
    config["model"]["checkpoint"] = str(tmp_path / "new")
    again = spacy.blank("en").add_pipe("gliner_biomed", config=config)
    saved = network_shim(again.model).checkpoint
    assert saved.config.vocab_size == network_shim(component.model).checkpoint.config.vocab_size


def test_a_seed_decides_on_the_new_weights(tmp_path: Path) -> None:
    def load():  # type: ignore[no-untyped-def]
        return load_checkpoint(str(tiny_checkpoint(tmp_path)))

    one, same, other = (load_with_relations(load, "none", seed) for seed in (1, 1, 2))
    name = "relation_scorer.pairs.0.weight"
    first = one.network.state_dict()[name]
    torch.testing.assert_close(first, same.network.state_dict()[name])
    assert not torch.equal(first, other.network.state_dict()[name])


def test_other_networks_and_layers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E350\].*a bi-encoder"):
        add_relations(load_checkpoint(str(tiny_checkpoint(tmp_path, kind="bi_span"))), "none")
    with pytest.raises(ValueError, match=r"\[GB-E351\] relations_layer 'x'.*none, dot, mlp"):
        add_relations(load_checkpoint(str(tiny_checkpoint(tmp_path / "uni"))), "x")
