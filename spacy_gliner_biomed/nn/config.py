"""`gliner_config.json` as a checked value. Its keys are read here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from spacy_gliner_biomed.errors import Errors

Kind = Literal["uni_span", "uni_token", "bi_span"]

SPAN_MODES = ("markerV0", "marker")
TOKEN_MODE = "token_level"

# Language models that upstream turns into encoders by llm2vec; run as they are they would
# read from left to right only, and give other numbers without a word.
DECODER_TYPES = (
    "llama",
    "mistral",
    "gemma",
    "gemma2",
    "gemma3_text",
    "qwen2",
    "qwen3",
    "phi",
    "gpt2",
)


@dataclass(frozen=True)
class NetworkConfig:
    """What a network is made of.

    kind (Kind): Which of the three networks.
    encoder_config (dict): The text encoder's Hugging Face config; empty if it has to be
        fetched by `model_name` (checkpoints up to v2.1).
    model_name (str): Hugging Face name of the text encoder, and of its tokenizer if the
        checkpoint has none.
    hidden_size (int): D, the scorer's width.
    max_width (int): K, words in the widest span that is scored.
    max_len (int): Words in the longest text that the network was trained on.
    num_rnn_layers (int): 0 for no LSTM.
    embed_ent_token (bool): A label is the vector of its marker, or of the subtoken after it.
    ent_token, sep_token (str): The marker before each label, and after the last one.
    class_token_index, vocab_size (int): Id of `ent_token` and rows of the embedding matrix;
        -1 if both follow from the tokenizer after the markers are added to it.
    words_splitter_type (str): How text is cut into words, see `tokenization.words`.
    labels_encoder, labels_encoder_config: As for the text encoder; bi-encoder only.
    raw (dict): The file as it was read, for writing it back.

    Upstream: gliner/config.py, `GLiNERConfig`.
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

        RAISES (ValueError): For variants that are not supported, naming what was found.
        """
        _refuse_variants(raw)
        names = set(cls.__dataclass_fields__) - {"kind", "num_rnn_layers", "raw"}
        given = {key: raw[key] for key in names & set(raw) if raw[key] is not None}
        given.setdefault("model_name", "microsoft/deberta-v3-small")
        for key in ("encoder_config", "labels_encoder_config"):
            if given.setdefault(key, {}):
                given[key] = {"model_type": "deberta-v2", **given[key]}
                _refuse_decoder(given[key]["model_type"])
        return cls(kind=_kind(raw), num_rnn_layers=_n_rnn_layers(raw), raw=dict(raw), **given)

    def to_dict(self) -> dict[str, Any]:
        """As a `gliner_config.json` that the GLiNER package reads, too."""
        names = set(self.__dataclass_fields__) - {"kind", "raw"}
        values = {name: getattr(self, name) for name in sorted(names)}
        if self.kind != "bi_span":
            values |= {"labels_encoder": None, "labels_encoder_config": None}
        return {**self.raw, **values}

    def evolve(self, **changes: Any) -> "NetworkConfig":
        """A copy with some values changed."""
        return replace(self, **changes)


def _kind(raw: Mapping[str, Any]) -> Kind:
    if raw.get("labels_encoder") is not None:
        return "bi_span"
    return "uni_token" if raw.get("span_mode") == TOKEN_MODE else "uni_span"


def _n_rnn_layers(raw: Mapping[str, Any]) -> int:
    """`num_rnn_layers` replaced `has_rnn` in GLiNER 0.2.23; bi-encoders never run an LSTM."""
    if raw.get("labels_encoder") is not None:
        return 0
    if raw.get("has_rnn") is False:
        return 0
    layers = raw.get("num_rnn_layers", 1)
    return int(layers or 0)


def _refuse_variants(raw: Mapping[str, Any]) -> None:
    mode = raw.get("span_mode", "markerV0")
    bi = raw.get("labels_encoder") is not None
    if mode not in (*SPAN_MODES, TOKEN_MODE) or (bi and mode == TOKEN_MODE):
        found = f"span_mode {mode!r}" + (" with a labels_encoder" if bi else "")
        raise ValueError(Errors.E010.format(found=found))
    for key in (
        "relations_layer",
        "labels_decoder",
        "precomputed_prompts_mode",
        "span_encoder_config",
    ):
        if raw.get(key):
            raise ValueError(Errors.E010.format(found=f"{key} {str(raw[key])[:60]!r}"))
    if (
        raw.get("fuse_layers")
        or raw.get("represent_spans")
        or (bi and raw.get("post_fusion_schema"))
    ):
        keys = [k for k in ("fuse_layers", "represent_spans", "post_fusion_schema") if raw.get(k)]
        raise ValueError(Errors.E010.format(found=", ".join(f"{k} {raw[k]!r}" for k in keys)))
    if raw.get("subtoken_pooling", "first") != "first" and "num_rnn_layers" in raw:
        # Before 0.2.29 the key was never read, whatever it said.
        raise ValueError(Errors.E010.format(found=f"subtoken_pooling {raw['subtoken_pooling']!r}"))


def _refuse_decoder(model_type: str) -> None:
    if model_type in DECODER_TYPES:
        raise ValueError(Errors.E010.format(found=f"a decoder-style text encoder {model_type!r}"))
