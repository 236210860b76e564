"""Checks of `gliner_config.json`: variants that are not supported, and values out of bounds."""

from collections.abc import Mapping
from typing import Any

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.relations import ALL_PAIRS, PAIR_LAYERS
from spacy_gliner_biomed.nn.triple_layers import TRIPLE_LAYERS, TRIPLES, WIDTH

TOKEN_MODE = "token_level"
SPAN_MODES = ("markerV0", "marker", "markerV1", "markerV2")
POOLINGS = ("first", "last", "mean", "max")
FUSIONS = ("l2l", "t2t", "l2t", "t2l")
CONTEXT_ENCODERS = ("deberta-v2", "modernbert", "rnn")

# Language models that GLiNER turns into encoders with llm2vec. Without it, they would read from
# left to right only, and give different numbers without an error.
DECODER_TYPES = (
    "llama",
    "mistral",
    "gemma",
    "gemma2",
    "gemma3_text",
    "qwen2",
    "qwen3",
    "phi",
    "phi3",
    "gpt2",
    "gpt_neox",
    "opt",
)

# Keys that select an unsupported architecture if they are set.
REFUSED = ("labels_decoder", "fuse_layers")
STREAMING_TYPE = "gliner_streaming_span"
# Smallest and largest allowed values, checked before anything is built.
BOUNDS = {
    "hidden_size": (1, 2**15),
    "max_width": (1, 2**12),
    "max_len": (1, 2**24),
    "num_rnn_layers": (0, 16),
    "num_post_fusion_layers": (0, 64),
    "class_token_index": (-1, 2**24),
    "vocab_size": (-1, 2**24),
    "rel_token_index": (-1, 2**24),
}
# Largest values in an encoder's config: of keys with "layer" in their name, and of all others.
MAX_LAYERS, MAX_SIZE = 512, 2**31
LOSS_WEIGHTS = ("adjacency_loss_coef", "relation_loss_coef", "span_loss_coef", "token_loss_coef")
RATIOS = ("neg_spans_ratio", *LOSS_WEIGHTS)
MAX_RATIO = 100  # negative spans per entity, or weight in the loss
ENCODER_CONFIGS = ("encoder_config", "labels_encoder_config", "span_encoder_config")


def refuse_variants(raw: Mapping[str, Any]) -> None:
    """Refuse architectures that are not supported.

    raw (Mapping[str, Any]): The parsed `gliner_config.json`.
    RAISES (ValueError): If there is one; the message names all that was found.
    """
    if raw.get("relations_layer") is not None:
        _refuse_relations(raw)
    mode = raw.get("span_mode") or "markerV0"
    bi = raw.get("labels_encoder") is not None and raw.get("relations_layer") is None
    found = [f"{key} {shorten(raw[key])!r}" for key in REFUSED if raw.get(key)]
    if bi and raw.get("precomputed_prompts_mode"):
        found.append("precomputed_prompts_mode with a labels_encoder")
    if raw.get("model_type") == STREAMING_TYPE:
        found.append(f"model_type {STREAMING_TYPE!r}")
    if mode not in (*SPAN_MODES, TOKEN_MODE):
        found.append(f"span_mode {shorten(mode)!r}")
    for key in ENCODER_CONFIGS:
        if isinstance(raw.get(key), dict) and raw[key].get("model_type") in DECODER_TYPES:
            found.append(f"{key} of the decoder-style model {raw[key]['model_type']!r}")
    if found:
        raise ValueError(Errors.E010.format(found=" and ".join(found)))


def _refuse_relations(raw: Mapping[str, Any]) -> None:
    layer, triples = raw["relations_layer"], raw.get("triples_layer")
    found = []
    if not isinstance(layer, str) or (layer != ALL_PAIRS and layer.lower() not in PAIR_LAYERS):
        found.append(f"relations_layer {shorten(repr(layer))}")
    if triples is not None and triples not in TRIPLES:
        found.append(f"triples_layer {shorten(repr(triples))}")
    size = raw.get("hidden_size")
    if triples in TRIPLE_LAYERS and size != WIDTH:
        found.append(f"triples_layer {triples!r} and hidden_size {shorten(repr(size))}")
    if raw.get("precomputed_prompts_mode"):
        found.append("precomputed_prompts_mode")
    if found:
        layers, scores = ", ".join([ALL_PAIRS, *PAIR_LAYERS]), ", ".join(TRIPLES)
        message = Errors.E260.format(found=" and ".join(found), layers=layers, scores=scores)
        raise ValueError(message)


def check_encoder(values: Mapping[str, Any], name: str) -> None:
    """Refuse sizes that would make the encoder take hours to build or to fail.

    values (Mapping[str, Any]): The encoder's config.
    name (str): Its key, for the message.
    RAISES (ValueError): If a size is too large.
    """
    for key, value in values.items():
        limit = MAX_LAYERS if "layer" in str(key) else MAX_SIZE
        if isinstance(value, dict):
            check_encoder(value, f"{name}.{key}")
        elif isinstance(value, int) and abs(value) > limit:
            raise refused(f"{name}.{key}", f"at most {limit}", value)


def check_value(name: str, found: Any, default: Any) -> None:
    """Refuse a value of the wrong type or outside of `BOUNDS`.

    name (str): Its key.
    found (Any): The value.
    default (Any): The default, which has the right type.
    RAISES (ValueError): If the value is not allowed.
    """
    if isinstance(default, int) and type(found) is not type(default):
        allowed = "true or false" if isinstance(default, bool) else "a whole number"
    elif (name == "model_name" or isinstance(default, str)) and not isinstance(found, str):
        allowed = "a string"
    elif name in BOUNDS and not BOUNDS[name][0] <= found <= BOUNDS[name][1]:
        allowed = "from {} to {}".format(*BOUNDS[name])
    elif name == "dropout" and not is_number(found, 1):
        allowed = "a rate from 0 to 1"
    elif name in RATIOS and not is_number(found, MAX_RATIO):
        allowed = f"a number from 0 to {MAX_RATIO}"
    elif name == "subtoken_pooling" and found not in POOLINGS:
        allowed = f"one of {', '.join(POOLINGS)}"
    elif name == "post_fusion_schema" and found and not set(found.split("-")) <= set(FUSIONS):
        allowed = f"steps of {', '.join(FUSIONS)}, joined by '-'"
    else:
        return
    raise refused(name, allowed, found)


def is_number(value: Any, limit: float) -> bool:
    """Return whether a value is a number from 0 to a limit."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= limit


def refused(name: str, allowed: str, found: Any) -> ValueError:
    """Return the error for a value that is not allowed.

    name (str): Its key.
    allowed (str): What is allowed, as in "must be ...".
    found (Any): The value.
    RETURNS (ValueError): The error.
    """
    return ValueError(
        Errors.E072.format(name=shorten(name), allowed=allowed, found=shorten(repr(found)))
    )
