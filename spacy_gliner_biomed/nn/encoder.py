"""Build text and label encoders: our own, or any that transformers' `AutoModel` supports."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.encoders.bert import Bert
from spacy_gliner_biomed.nn.encoders.blocks import PackedEncoder
from spacy_gliner_biomed.nn.encoders.deberta import Deberta
from spacy_gliner_biomed.nn.encoders.encoder_settings import own_settings
from spacy_gliner_biomed.nn.initialization import SkipRandomInit
from spacy_gliner_biomed.nn.layers import gather_vectors
from spacy_gliner_biomed.nn.remote_code import NO_CODE, refuse_code

# Keys of a stored encoder config that describe how it was run, not its architecture.
# `attn_implementation` can even name code that transformers would download and run.
RUN_TIME_KEYS = (
    "dtype",
    "torch_dtype",
    "attn_implementation",
    "_attn_implementation",
    "_name_or_path",
)

# Encoders whose positions start after the padding index, like RoBERTa's.
OFFSET_POSITIONS = (
    "camembert",
    "data2vec-text",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
)

# Encoder-decoder models of which only the encoder is used. GLiNER's configs of these have
# `is_encoder_decoder: false`, which transformers writes for an encoder that is built alone.
TWO_SIDED = ("mt5", "t5", "umt5")

OWN = {"bert": Bert, "deberta-v2": Deberta}


def build_encoder(config: Mapping[str, Any]) -> nn.Module:
    """Build the encoder that a Hugging Face config dict describes.

    config (Mapping[str, Any]): As stored in a checkpoint; `model_type` names the architecture.
    RETURNS (nn.Module): The encoder; its weights are not loaded yet. It has no pooler, because no
        network needs one.
    RAISES (ValueError): If transformers has no such encoder.
    """
    settings = own_settings(config)
    if settings is not None:
        with SkipRandomInit():
            return OWN[config["model_type"]](settings)
    from transformers import AutoModel, AutoModelForTextEncoding  # takes 1.5 s

    built = hf_config(config)
    two_sided = built.is_encoder_decoder or built.model_type in TWO_SIDED
    auto = AutoModelForTextEncoding if two_sided else AutoModel
    with SkipRandomInit(), _unknown_encoders(built.model_type):
        encoder: nn.Module = auto.from_config(built, **NO_CODE)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # type: ignore[assignment]
    return encoder


def hf_config(config: Mapping[str, Any]) -> Any:
    """Return the transformers config object of a config dict."""
    from transformers import AutoConfig

    values = {key: value for key, value in config.items() if key not in RUN_TIME_KEYS}
    model_type = values.pop("model_type")
    with _unknown_encoders(model_type):
        built = AutoConfig.for_model(model_type, **values)
    if hasattr(built, "reference_compile"):
        built.reference_compile = False  # ModernBERT would compile itself
    return built


def encoder_width(config: Mapping[str, Any]) -> int:
    """Return the width H of an encoder's output."""
    settings = own_settings(config)
    return settings.hidden_size if settings else int(hf_config(config).hidden_size)


def encoder_heads(config: Mapping[str, Any]) -> int:
    """Return the number of an encoder's attention heads."""
    settings = own_settings(config)
    return settings.num_attention_heads if settings else int(hf_config(config).num_attention_heads)


def vocabulary_size(config: Mapping[str, Any]) -> int | None:
    """Return the number of rows of an encoder's embedding; None if its config has none."""
    settings = own_settings(config)
    return settings.vocab_size if settings else getattr(hf_config(config), "vocab_size", None)


def read_states(
    encoder: nn.Module, input_ids: Tensor, attention_mask: Tensor, positions: Tensor
) -> Tensor:
    """Return an encoder's states at some positions of each row.

    encoder (nn.Module): Made by `build_encoder`.
    input_ids, attention_mask (Tensor): # (B, S)
    positions (Tensor): Index into each row; the vector at -1 is undefined. # (B, N)
    RETURNS (Tensor): # (B, N, H)
    """
    if isinstance(encoder, PackedEncoder):
        return encoder.read(input_ids, attention_mask, positions)
    output = encoder(input_ids=input_ids, attention_mask=attention_mask)
    return gather_vectors(output.last_hidden_state, positions)


def max_positions(config: Mapping[str, Any]) -> int | None:
    """Return the maximum number of subtokens of an encoder's input, special tokens included.

    config (Mapping[str, Any]): As stored in a checkpoint.
    RETURNS (int | None): None if there is no limit, as in T5 and DeBERTa without absolute
        positions.
    """
    settings = own_settings(config)
    if settings is not None:
        return None if config["model_type"] == "deberta-v2" else settings.max_position_embeddings
    built = hf_config(config)
    limit: int | None = getattr(built, "max_position_embeddings", None)
    if built.model_type.startswith("deberta") and not built.position_biased_input:
        return None
    if limit is not None and built.model_type in OFFSET_POSITIONS:
        return limit - int(built.pad_token_id) - 1
    return limit if limit is not None and limit > 0 else None  # XLNet has -1


@contextmanager
def _unknown_encoders(model_type: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the exception depends on the version of transformers
        name = shorten(model_type)
        refuse_code(error, f"The checkpoint with the encoder {name!r}")
        raise ValueError(Errors.E414.format(name=name, error=shorten(error))) from error
