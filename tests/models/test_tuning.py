"""Tuning: what is frozen keeps its values, what LoRA learns is in the saved weights."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language
from torch import Tensor

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.nn.adapters import plain_state_dict
from tests.pipeline.test_training import examples_of

LAYER = "encoder.encoder.layer."


def train(nlp: Language, n_steps: int = 3) -> dict[str, bool]:
    """Train a few steps, and say of each tensor whether it changed."""
    nlp.initialize(lambda: examples_of(nlp))
    network = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.network
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimizer = make_adamw(1e-2)
    for _ in range(n_steps):
        nlp.update(examples_of(nlp), sgd=optimizer)
    return {
        name: not torch.equal(before[name], tensor)
        for name, tensor in plain_state_dict(network).items()
        if name in before
    }


def test_everything_learns_by_default(make_nlp: Callable[..., Language]) -> None:
    changed = train(make_nlp())
    assert {name for name, learnt in changed.items() if not learnt} <= {
        "encoder.embeddings.token_type_embeddings.weight"
    }


@pytest.mark.parametrize(
    ("tuning", "frozen"),
    [
        ({"freeze_embeddings": True}, ("encoder.embeddings.",)),
        ({"freeze_layers": 1}, ("encoder.embeddings.", f"{LAYER}0.")),
        ({"freeze_layers": -1}, ("encoder.",)),
    ],
)
def test_frozen_parts_keep_their_values_and_the_rest_learns(
    make_nlp: Callable[..., Language], tuning: dict[str, Any], frozen: tuple[str, ...]
) -> None:
    changed = train(make_nlp(tuning=tuning))
    unused = "encoder.embeddings.token_type_embeddings.weight"  # of zeros: row 1 is never read
    expected = {name: not name.startswith(frozen) for name in changed}
    assert changed | {unused: False} == expected | {unused: False}


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
def test_lora_learns_and_its_weights_are_saved_merged(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    pytest.importorskip("peft")
    nlp = make_nlp(request.getfixturevalue(kind), tuning={"lora_rank": 2})
    changed = train(nlp)
    linear = f"{LAYER}0.attention.self.query"
    assert changed[f"{linear}.weight"]
    assert not changed[f"{linear}.bias"]
    assert not changed["encoder.embeddings.word_embeddings.weight"]
    assert any(learnt for name, learnt in changed.items() if not name.startswith("encoder"))
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    rows = [r.row for r in _rows(nlp)]
    shims = [network_shim(each.get_pipe("gliner_biomed").model) for each in (nlp, loaded)]
    logits = [shim.logits(rows) for shim in shims]
    for trained, saved in zip(*logits, strict=True):
        torch.testing.assert_close(Tensor(trained), Tensor(saved), rtol=1e-5, atol=1e-5)


def test_lora_without_peft_says_what_to_install(
    make_nlp: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    nlp = make_nlp(tuning={"lora_rank": 2})
    with pytest.raises(ImportError, match=r"GB-E107.*lora_rank.*peft.*\[lora\]"):
        nlp.update(examples_of(nlp), sgd=make_adamw(1e-3))


@pytest.mark.parametrize("wrong", [{"freeze_layers": -2}, {"lora_rank": -1}])
def test_values_that_are_not_allowed_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        Tuning(**wrong)


def _rows(nlp: Language) -> Any:
    component = nlp.get_pipe("gliner_biomed")
    return component._training_rows(examples_of(nlp), component.settings())
