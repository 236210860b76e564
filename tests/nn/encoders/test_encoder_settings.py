"""Which encoders are ours: those that are built as transformers would, and no others."""

from typing import Any

import pytest

from spacy_gliner_biomed.nn.encoder import build_encoder, hf_config
from spacy_gliner_biomed.nn.encoders.blocks import PackedEncoder
from spacy_gliner_biomed.nn.encoders.encoder_settings import DEFAULTS, own_settings
from tests.nn.encoders.reference import CONFIGS


@pytest.mark.parametrize("kind", CONFIGS)
def test_supported_configs_are_ours(kind: str) -> None:
    assert isinstance(build_encoder(CONFIGS[kind]), PackedEncoder)


@pytest.mark.parametrize("order", [["p2c", "c2p"], ["c2p", "p2c"], "c2p|p2c"])
def test_both_forms_of_the_attention_types_are_read(order: Any) -> None:
    assert own_settings({**CONFIGS["deberta"], "pos_att_type": order}) is not None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bert", {"position_embedding_type": "relative_key"}),
        ("bert", {"is_decoder": True}),
        ("bert", {"hidden_act": "relu"}),
        ("bert", {"num_attention_heads": 5}),
        ("bert", {"hidden_size": "24"}),
        ("bert", {"hidden_size": 0}),
        ("bert", {"pad_token_id": 99}),
        ("bert", {"model_type": "roberta"}),
        ("deberta", {"model_type": "deberta"}),
        ("deberta", {"conv_kernel_size": 3}),
        ("deberta", {"relative_attention": False}),
        ("deberta", {"share_att_key": False}),
        ("deberta", {"norm_rel_ebd": "none"}),
        ("deberta", {"pos_att_type": "c2p"}),
        ("deberta", {"position_buckets": -1}),
        ("deberta", {"position_biased_input": True}),
        ("deberta", {"type_vocab_size": 2}),
        ("deberta", {"attention_head_size": 4}),
    ],
    ids=str,
)
def test_others_are_left_to_transformers(kind: str, values: dict[str, Any]) -> None:
    assert own_settings({**CONFIGS[kind], **values}) is None


@pytest.mark.parametrize("model_type", DEFAULTS)
def test_keys_that_a_config_leaves_out_are_as_in_transformers(model_type: str) -> None:
    theirs = hf_config({"model_type": model_type})
    assert {key: getattr(theirs, key, -1) for key in DEFAULTS[model_type]} == DEFAULTS[model_type]
