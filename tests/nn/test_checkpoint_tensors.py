"""Tensors of a checkpoint are read exactly, or the message says all that is wrong."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from spacy_gliner_biomed.nn.checkpoint_tensors import load_network, published_tensors, read_tensors
from spacy_gliner_biomed.nn.config import NetworkConfig
from tests.nn.test_networks import KINDS, make
from tests.tiny import random_network

WORDS = "token_rep_layer.bert_layer.model.embeddings.word_embeddings.weight"
START = "span_rep_layer.span_rep_layer.project_start.0.weight"
T5 = {"model_type": "t5", "vocab_size": 20, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1}
SHARED = "token_rep_layer.bert_layer.model.shared.weight"
ALIAS = "token_rep_layer.bert_layer.model.encoder.embed_tokens.weight"


class Payload:
    """What a malicious pickle does: run a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def uni() -> tuple[NetworkConfig, dict[str, Tensor]]:
    network = make("uni_span")
    return network.config, published_tensors(network)


@pytest.fixture
def t5() -> tuple[NetworkConfig, dict[str, Tensor]]:
    network = random_network(NetworkConfig.from_dict({"encoder_config": T5, "hidden_size": 8}), 0)
    return network.config, published_tensors(network)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_come_back_under_their_published_names(kind: str) -> None:
    network = make(kind)
    tensors = published_tensors(network)
    prefixes = {name.split(".")[0] for name in tensors}
    assert "token_rep_layer" in prefixes
    ours = {"encoder", "lstm", "span_scorer", "token_scorer", "context_encoder"}
    assert not prefixes & ours
    torch.manual_seed(7)
    loaded = load_network(network.config, tensors)
    assert loaded.state_dict().keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0)
    assert not loaded.training
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_all_that_does_not_fit_is_in_one_message(
    uni: tuple[NetworkConfig, dict[str, Tensor]],
) -> None:
    config, tensors = uni
    del tensors[START]
    del tensors["rnn.lstm.bias_hh_l0"]
    tensors["scorer.proj_token.weight"] = torch.zeros(1)
    tensors[WORDS] = tensors[WORDS][:-1]
    with pytest.raises(ValueError, match=r"\[GB-E013\]") as error:
        load_network(config, tensors)
    message = str(error.value)
    assert f"missing: rnn.lstm.bias_hh_l0, {START}\n" in message
    assert "unexpected: scorer.proj_token.weight\n" in message
    assert f"shape: {WORDS} (29, 16) instead of (30, 16)\n" in message


@pytest.mark.parametrize(
    "name",
    [
        "token_rep_layer.bert_layer.model.embeddings.position_ids",
        "token_rep_layer.bert_layer.model.pooler.dense.weight",
        "cross_fuser.layers.0.0.self_attn.query_layer.weight",
        "span_rep_layer.span_rep_layer.project_first.0.weight",
    ],
)
def test_tensors_that_no_forward_pass_reads_are_ignored(
    uni: tuple[NetworkConfig, dict[str, Tensor]], name: str
) -> None:
    config, tensors = uni
    load_network(config, {**tensors, name: torch.zeros(1)})


def test_the_lstm_of_a_bi_encoder_is_ignored() -> None:
    network = make("bi_span")
    lstm = {"rnn.lstm.weight_ih_l0": torch.zeros(1)}
    assert load_network(network.config, {**published_tensors(network), **lstm}).lstm is None


def test_the_number_of_fusions_is_that_of_the_weights() -> None:
    """GLiNER 0.2.17 always made three."""
    network = make("bi_fused")
    config = network.config.evolve(num_post_fusion_layers=1)
    loaded = load_network(config, published_tensors(network))
    assert loaded.config.num_post_fusion_layers == 2


def test_no_lstm_weights_mean_no_lstm(uni: tuple[NetworkConfig, dict[str, Tensor]]) -> None:
    config, tensors = uni
    without = {name: t for name, t in tensors.items() if not name.startswith("rnn.")}
    loaded = load_network(config, without)
    assert loaded.lstm is None
    assert loaded.config.num_rnn_layers == 0


def test_names_of_a_compiled_model_are_understood(
    uni: tuple[NetworkConfig, dict[str, Tensor]],
) -> None:
    config, tensors = uni
    load_network(config, {f"_orig_mod.{name}": tensor for name, tensor in tensors.items()})


def test_half_precision_weights_are_read_as_float32(
    uni: tuple[NetworkConfig, dict[str, Tensor]],
) -> None:
    config, tensors = uni
    loaded = load_network(config, {name: t.half() for name, t in tensors.items()})
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(
        published_tensors(loaded)[START], tensors[START], rtol=1e-3, atol=1e-3
    )


def test_the_network_does_not_change_with_the_file_that_it_came_from(
    uni: tuple[NetworkConfig, dict[str, Tensor]], tmp_path: Path
) -> None:
    config, tensors = uni
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    loaded = load_network(config, read_tensors(tmp_path))
    path.write_bytes(b"\0" * path.stat().st_size)
    torch.testing.assert_close(published_tensors(loaded), tensors, rtol=0, atol=0)


def test_safetensors_are_read_before_a_pickle(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    assert read_tensors(tmp_path)["a"].item() == 1
    (tmp_path / "model.safetensors").unlink()
    assert read_tensors(tmp_path)["a"].item() == 0


def test_no_weights_are_reported_with_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "gliner_config.json").touch()
    with pytest.raises(ValueError, match=r"\[GB-E011\].*found: gliner_config\.json\."):
        read_tensors(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("kept", [0, 4, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    tensors = {"a": torch.ones(100), "b": torch.ones(50)}
    save_file(tensors, path) if name.endswith("safetensors") else torch.save(tensors, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    with pytest.raises(ValueError, match=rf"\[GB-E012\].*{name} cannot be read"):
        read_tensors(tmp_path)


def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    torch.save({"a": Payload(tmp_path / "made")}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"\[GB-E012\].*objects other than") as error:
        read_tensors(tmp_path)
    assert "weights_only" not in str(error.value)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [[torch.ones(1)], {"state_dict": {"a": torch.ones(1)}}])
def test_a_pickle_of_another_form_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"\[GB-E012\]"):
        read_tensors(tmp_path)


def test_tied_weights_are_written_once_and_stay_tied(
    t5: tuple[NetworkConfig, dict[str, Tensor]], tmp_path: Path
) -> None:
    config, tensors = t5
    assert SHARED in tensors
    assert ALIAS not in tensors
    save_file(tensors, tmp_path / "model.safetensors")
    loaded = load_network(config, load_file(tmp_path / "model.safetensors"))
    assert loaded.encoder.shared.weight is loaded.encoder.encoder.embed_tokens.weight
    torch.testing.assert_close(published_tensors(loaded), tensors, rtol=0, atol=0)


def test_tied_weights_may_have_either_name_or_both(
    t5: tuple[NetworkConfig, dict[str, Tensor]],
) -> None:
    config, tensors = t5
    weight = tensors.pop(SHARED)
    for names in ([ALIAS], [SHARED, ALIAS]):
        given = {**tensors, **{name: weight.clone() for name in names}}
        assert torch.equal(published_tensors(load_network(config, given))[SHARED], weight)


def test_tied_weights_that_differ_are_refused(
    t5: tuple[NetworkConfig, dict[str, Tensor]],
) -> None:
    config, tensors = t5
    with pytest.raises(ValueError, match=rf"\[GB-E070\].*{SHARED} and {ALIAS}"):
        load_network(config, {**tensors, ALIAS: tensors[SHARED] + 1})


def test_missing_tied_weights_are_reported(t5: tuple[NetworkConfig, dict[str, Tensor]]) -> None:
    config, tensors = t5
    del tensors[SHARED]
    with pytest.raises(ValueError, match=SHARED):
        load_network(config, tensors)
