"""`gliner_config.json` as a checked value. No other file reads its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors

Kind = Literal["uni_span", "uni_token", "bi_span"]

SPAN_MODES = ("markerV0", "marker")
TOKEN_MODE = "token_level"

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
REFUSED = (
    "relations_layer",
    "labels_decoder",
    "precomputed_prompts_mode",
    "span_encoder_config",
    "fuse_layers",
)
STREAMING_TYPE = "gliner_streaming_span"
# Smallest and largest allowed values, checked before anything is built.
BOUNDS = {
    "hidden_size": (1, 2**15),
    "max_width": (1, 2**12),
    "max_len": (1, 2**24),
    "num_rnn_layers": (0, 16),
    "class_token_index": (-1, 2**24),
    "vocab_size": (-1, 2**24),
}
# Largest values in an encoder's config: of keys with "layer" in their name, and of all others.
MAX_LAYERS, MAX_SIZE = 512, 2**31
ENCODER_CONFIGS = ("encoder_config", "labels_encoder_config")


@dataclass(frozen=True)
class NetworkConfig:
    """The architecture of a network.

    kind (Kind): The type of the network.
    encoder_config (dict): The Hugging Face config of the text encoder; empty if it must be
        fetched by `model_name` (checkpoints up to v2.1).
    model_name (str): Hugging Face name of the text encoder, and of its tokenizer if the
        checkpoint has none.
    hidden_size (int): D, the width of the scorer.
    max_width (int): K, the number of words in the widest span that is scored.
    max_len (int): Number of words in the longest text that the network was trained on.
    num_rnn_layers (int): Number of LSTM layers; 0 for no LSTM.
    span_mode (str): The span layer, or "token_level" for a token model.
    dropout (float): Dropout rate of the scorer.
    embed_ent_token (bool): Whether a label's vector is that of its marker; if False, it is that of
        the subtoken after the marker.
    ent_token, sep_token (str): The markers before each label and after the last one.
    class_token_index, vocab_size (int): The id of `ent_token`, and the number of rows of the
        embedding matrix; -1 if both are known only after the markers are added to the tokenizer.
    words_splitter_type (str): The word splitter, see `tokenization.words`.
    labels_encoder, labels_encoder_config: Name and config of a bi-encoder's label encoder.
    raw (dict): The file as it was read, for writing it back.

    GLiNER's class is `GLiNERConfig` (gliner/config.py).
    """

    kind: Kind
    encoder_config: dict[str, Any]
    model_name: str
    hidden_size: int = 512
    max_width: int = 12
    max_len: int = 384
    num_rnn_layers: int = 1
    span_mode: str = "markerV0"
    dropout: float = 0.4
    embed_ent_token: bool = True
    ent_token: str = "<<ENT>>"
    sep_token: str = "<<SEP>>"
    class_token_index: int = -1
    vocab_size: int = -1
    words_splitter_type: str = "whitespace"
    labels_encoder: str = ""
    labels_encoder_config: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "NetworkConfig":
        """Read a `gliner_config.json`.

        raw (Mapping[str, Any]): The parsed JSON.
        RETURNS (NetworkConfig): The checked values.
        RAISES (ValueError): If the variant is not supported, or a value is not allowed.
        """
        _refuse_variants(raw)
        names = set(cls.__dataclass_fields__) - {"kind", "num_rnn_layers", "raw"}
        given = {key: raw[key] for key in names & set(raw) if raw[key] is not None}
        given = {"model_name": "microsoft/deberta-v3-small", "encoder_config": {}, **given}
        for key in ENCODER_CONFIGS:
            if not isinstance(given.get(key, {}), dict):
                raise _refused(key, "an object", given[key])
            _check_encoder(given.get(key, {}), key)
            if given.get(key):
                given[key] = {"model_type": "deberta-v2", **given[key]}
        config = cls(kind=_kind(raw), num_rnn_layers=_n_rnn_layers(raw), raw=dict(raw), **given)
        _check_values(config)
        return config

    def to_dict(self) -> dict[str, Any]:
        """Return the content of a `gliner_config.json` that the GLiNER package can read."""
        names = set(self.__dataclass_fields__) - {"kind", "raw"}
        values = {name: getattr(self, name) for name in sorted(names)}
        if self.kind != "bi_span":
            values |= {"labels_encoder": None, "labels_encoder_config": None}
        return {**self.raw, **values, "subtoken_pooling": "first"}

    def evolve(self, **changes: Any) -> "NetworkConfig":
        """Return a copy with some values changed."""
        return replace(self, **changes)


def _kind(raw: Mapping[str, Any]) -> Kind:
    if raw.get("labels_encoder") is not None:
        return "bi_span"
    return "uni_token" if raw.get("span_mode") == TOKEN_MODE else "uni_span"


def _n_rnn_layers(raw: Mapping[str, Any]) -> int:
    """Return the number of LSTM layers. `num_rnn_layers` replaced `has_rnn` in GLiNER 0.2.23;
    bi-encoders never run an LSTM.
    """
    if raw.get("labels_encoder") is not None:
        return 0
    if "num_rnn_layers" in raw:
        layers: int = raw["num_rnn_layers"] or 0
        return layers
    return int(bool(raw.get("has_rnn", True)))


def _refuse_variants(raw: Mapping[str, Any]) -> None:
    mode = raw.get("span_mode") or "markerV0"
    bi = raw.get("labels_encoder") is not None
    found = [f"{key} {shorten(raw[key])!r}" for key in REFUSED if raw.get(key)]
    if bi and raw.get("post_fusion_schema"):  # uni-encoders have this key, but ignore it
        found.append(
            f"post_fusion_schema {shorten(raw['post_fusion_schema'])!r} with a labels_encoder"
        )
    if mode == TOKEN_MODE and raw.get("represent_spans"):  # span models ignore it
        found.append("represent_spans")
    if raw.get("model_type") == STREAMING_TYPE:
        found.append(f"model_type {STREAMING_TYPE!r}")
    if mode not in (*SPAN_MODES, TOKEN_MODE):
        found.append(f"span_mode {shorten(mode)!r}")
    if bi and mode == TOKEN_MODE:
        found.append(f"span_mode {mode!r} with a labels_encoder")
    pooling = raw.get("subtoken_pooling") or "first"
    if pooling != "first" and "num_rnn_layers" in raw:  # GLiNER ignored the key before 0.2.23
        found.append(f"subtoken_pooling {shorten(pooling)!r}")
    for key in ENCODER_CONFIGS:
        if isinstance(raw.get(key), dict) and raw[key].get("model_type") in DECODER_TYPES:
            found.append(f"{key} of the decoder-style model {raw[key]['model_type']!r}")
    if found:
        raise ValueError(Errors.E010.format(found=" and ".join(found)))


def _check_values(config: NetworkConfig) -> None:
    """Refuse values of the wrong type or outside of `BOUNDS`."""
    for name, declared in NetworkConfig.__dataclass_fields__.items():
        found, default = getattr(config, name), declared.default
        if isinstance(default, int) and type(found) is not type(default):
            allowed = "true or false" if isinstance(default, bool) else "a whole number"
        elif (name == "model_name" or isinstance(default, str)) and not isinstance(found, str):
            allowed = "a string"
        elif name in BOUNDS and not BOUNDS[name][0] <= found <= BOUNDS[name][1]:
            allowed = "from {} to {}".format(*BOUNDS[name])
        elif name == "dropout" and not _is_rate(found):
            allowed = "a rate from 0 to 1"
        else:
            continue
        raise _refused(name, allowed, found)


def _check_encoder(values: Mapping[str, Any], name: str) -> None:
    """Refuse sizes that would make the encoder take hours to build or to fail."""
    for key, value in values.items():
        limit = MAX_LAYERS if "layer" in str(key) else MAX_SIZE
        if isinstance(value, dict):
            _check_encoder(value, f"{name}.{key}")
        elif isinstance(value, int) and abs(value) > limit:
            raise _refused(f"{name}.{key}", f"at most {limit}", value)


def _is_rate(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _refused(name: str, allowed: str, found: Any) -> ValueError:
    return ValueError(
        Errors.E072.format(name=shorten(name), allowed=allowed, found=shorten(repr(found)))
    )
