"""Decide which encoders are built here instead of by transformers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The defaults of transformers.
BERT = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
DEBERTA = {
    **BERT,
    "vocab_size": 128100,
    "hidden_size": 1536,
    "num_hidden_layers": 24,
    "num_attention_heads": 24,
    "intermediate_size": 6144,
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
    "max_relative_positions": -1,
    "position_buckets": -1,
}
DEFAULTS = {"bert": BERT, "deberta-v2": DEBERTA}
# The values of each key for which our encoders equal those of transformers; None if it is missing.
NEEDED: dict[str, dict[str, tuple[Any, ...]]] = {
    "bert": {
        "position_embedding_type": (None, "absolute"),
        "is_decoder": (None, False),
        "add_cross_attention": (None, False),
        "embedding_size": (None,),
    },
    "deberta-v2": {
        "relative_attention": (True,),
        "pos_att_type": ("p2c|c2p", "c2p|p2c", ["p2c", "c2p"], ["c2p", "p2c"]),
        "share_att_key": (True,),
        "norm_rel_ebd": ("layer_norm",),
        "position_biased_input": (False,),
        "type_vocab_size": (None, 0),
        "conv_kernel_size": (None, 0),
        "attention_head_size": (None,),
        "embedding_size": (None,),
    },
}
AT_LEAST = {"type_vocab_size": 0, "pad_token_id": 0, "max_relative_positions": -1}
RATES = ("hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps")


@dataclass(frozen=True)
class EncoderSettings:
    """The keys of a Hugging Face config that our encoders use."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    hidden_act: str
    hidden_dropout_prob: float
    attention_probs_dropout_prob: float
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float
    pad_token_id: int
    max_relative_positions: int = -1
    position_buckets: int = -1


def own_settings(config: Mapping[str, Any]) -> EncoderSettings | None:
    """Read the settings of an encoder, if it can be built here.

    config (Mapping[str, Any]): As stored in a checkpoint; `model_type` names the architecture.
    RETURNS (EncoderSettings | None): None if transformers has to build the encoder.
    """
    model_type = config.get("model_type")
    if model_type not in DEFAULTS:
        return None
    if any(config.get(key) not in allowed for key, allowed in NEEDED[model_type].items()):
        return None
    defaults: dict[str, Any] = DEFAULTS[model_type]
    values = {key: config.get(key, default) for key, default in defaults.items()}
    if not all(_is_sound(key, value) for key, value in values.items()):
        return None  # transformers raises the error
    settings = EncoderSettings(**values)
    whole_heads = settings.hidden_size % settings.num_attention_heads == 0
    buckets = model_type == "bert" or settings.position_buckets > 1
    padding = settings.pad_token_id < settings.vocab_size
    return settings if whole_heads and buckets and padding else None


def _is_sound(key: str, value: Any) -> bool:
    if key == "hidden_act":
        return bool(value == "gelu")
    if key in RATES:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1
    if key == "position_buckets":
        return type(value) is int
    return type(value) is int and value >= AT_LEAST.get(key, 1)
