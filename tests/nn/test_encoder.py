"""Encoders from their stored configs, and how many subtokens they take."""

from typing import Any

import pytest
import torch

from spacy_gliner_biomed.nn.encoder import build_encoder, encoder_width, hf_config, max_positions

SHAPE = {
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": 12,
    "pad_token_id": 1,
}
T5 = {"model_type": "t5", "vocab_size": 20, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1}


MODERNBERT = {
    **SHAPE,
    "model_type": "modernbert",
    "num_hidden_layers": 2,
    "global_attn_every_n_layers": 2,
}


def config(model_type: str, **values: Any) -> dict[str, Any]:
    return {"model_type": model_type, **SHAPE, **values}


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        (config("bert"), 12),
        (MODERNBERT, 12),
        (config("electra"), 12),
        (config("roberta"), 10),
        (config("xlm-roberta"), 10),
        (config("mpnet"), 10),
        (config("deberta-v2", position_biased_input=False), None),
        (config("deberta-v2", position_biased_input=True), 12),
        ({"model_type": "xlnet"}, None),
        (T5, None),
    ],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else str(value),
)
def test_positions_are_limited_as_the_embeddings_are(
    values: dict[str, Any], limit: int | None
) -> None:
    assert max_positions(values) == limit


@pytest.mark.parametrize("model_type", ["bert", "roberta", "mpnet"])
def test_the_limit_is_the_longest_input_that_works(model_type: str) -> None:
    encoder = build_encoder(config(model_type))
    limit = max_positions(config(model_type))
    assert limit is not None
    for parameter in encoder.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    ids = torch.full((1, limit + 1), 5)
    with torch.inference_mode():
        encoder(input_ids=ids[:, :limit], attention_mask=torch.ones(1, limit))
        with pytest.raises((IndexError, RuntimeError)):
            encoder(input_ids=ids, attention_mask=torch.ones(1, limit + 1))


def test_a_stored_dtype_or_attention_does_not_decide_how_it_runs() -> None:
    stored = config("bert", dtype="float16", torch_dtype="float16", _attn_implementation="nope")
    encoder = build_encoder(stored)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


def test_there_is_no_pooler() -> None:
    names = [name for name, _ in build_encoder(config("bert")).named_parameters()]
    assert names
    assert not any("pooler" in name for name in names)


@pytest.mark.parametrize("said", [True, False])
def test_of_an_encoder_decoder_only_the_encoder_is_built(said: bool) -> None:
    encoder = build_encoder({**T5, "is_encoder_decoder": said})
    assert type(encoder).__name__ == "T5EncoderModel"
    assert encoder_width(T5) == 8


def test_width_is_the_encoders() -> None:
    assert encoder_width(config("bert")) == 8


def test_compiling_is_left_to_the_caller() -> None:
    assert not hf_config({**MODERNBERT, "reference_compile": True}).reference_compile


@pytest.mark.parametrize("model_type", ["no-such-model", "bart"])
def test_what_transformers_cannot_build_is_named(model_type: str) -> None:
    with pytest.raises(ValueError, match=rf"\[GB-E414\].*the encoder '{model_type}'"):
        build_encoder({"model_type": model_type})
