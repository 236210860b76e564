"""`gliner_config.json` as a checked value. No other file reads its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from spacy_gliner_biomed.nn.config_checks import (
    CONTEXT_ENCODERS,
    ENCODER_CONFIGS,
    TOKEN_MODE,
    check_encoder,
    check_value,
    refuse_variants,
    refused,
)

Kind = Literal["uni_span", "uni_token", "bi_span", "bi_token"]
# Values that follow from several keys of the file, or from the version of GLiNER that wrote it.
DERIVED = (
    "kind",
    "num_rnn_layers",
    "subtoken_pooling",
    "represent_spans",
    "post_fusion_schema",
    "precomputed_labels",
    "relations_layer",
    "triples_layer",
)
RELATION_KEYS = (
    "relations_layer",
    "triples_layer",
    "embed_rel_token",
    "rel_token",
    "rel_token_index",
    "adjacency_loss_coef",
    "relation_loss_coef",
)


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
    subtoken_pooling (str): How a word's vector follows from its subtokens: the "first", the
        "last", their "mean", or their "max".
    span_encoder_config (dict): The encoder between words and the span layer; empty for none.
    represent_spans (bool): Whether a token model also scores its spans by a span layer.
    neg_spans_ratio (float): Negative spans per entity when these scores are trained.
    post_fusion_schema (str): Attention between the words and the labels of a bi-encoder, such as
        "l2l-l2t"; empty for none, and for uni-encoders, which ignore it.
    num_post_fusion_layers (int): How often the steps of the schema are repeated.
    precomputed_labels (tuple[str, ...]): The labels whose vectors the checkpoint stores, the only
        ones that it can find; empty if labels are read with the text.
    relations_layer (str): How the pairs of entities are chosen that are scored, see
        `nn.relations`; empty for a network without relations.
    triples_layer (str): How the relations of these pairs are scored, see `nn.triples`; empty for a
        projection.
    embed_rel_token, rel_token, rel_token_index: As `embed_ent_token`, `ent_token` and
        `class_token_index`, for relations.
    adjacency_loss_coef, relation_loss_coef (float): Weights of the choice of pairs and of their
        relations in the loss.
    span_loss_coef (float): Weight in the loss: of entities, in a network with relations; of spans,
        in a token model with `represent_spans`.
    token_loss_coef (float): Weight in the loss of the tokens of a model with `represent_spans`.
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
    subtoken_pooling: str = "first"
    span_encoder_config: dict[str, Any] = field(default_factory=dict)
    represent_spans: bool = False
    neg_spans_ratio: float = 1.0
    post_fusion_schema: str = ""
    num_post_fusion_layers: int = 1
    precomputed_labels: tuple[str, ...] = ()
    relations_layer: str = ""
    triples_layer: str = ""
    embed_rel_token: bool = True
    rel_token: str = "<<REL>>"
    rel_token_index: int = -1
    adjacency_loss_coef: float = 1.0
    relation_loss_coef: float = 1.0
    span_loss_coef: float = 1.0
    token_loss_coef: float = 1.0
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "NetworkConfig":
        """Read a `gliner_config.json`.

        raw (Mapping[str, Any]): The parsed JSON.
        RETURNS (NetworkConfig): The checked values.
        RAISES (ValueError): If the variant is not supported, or a value is not allowed.
        """
        refuse_variants(raw)
        names = set(cls.__dataclass_fields__) - {*DERIVED, "raw"}
        given = {key: raw[key] for key in names & set(raw) if raw[key] is not None}
        given = {"model_name": "microsoft/deberta-v3-small", "encoder_config": {}, **given}
        for key in ENCODER_CONFIGS:
            if not isinstance(given.get(key, {}), dict):
                raise refused(key, "an object", given[key])
            check_encoder(given.get(key, {}), key)
            if given.get(key) and key != "span_encoder_config":
                given[key] = {"model_type": "deberta-v2", **given[key]}
        context = given.get("span_encoder_config")
        if context is not None and context.get("model_type") not in CONTEXT_ENCODERS:
            allowed = f"one of {', '.join(CONTEXT_ENCODERS)}"
            raise refused("span_encoder_config.model_type", allowed, context.get("model_type"))
        config = cls(**_derived(raw), raw=dict(raw), **given)
        for name, declared in cls.__dataclass_fields__.items():
            check_value(name, getattr(config, name), declared.default)
        return config

    @property
    def bi_encoder(self) -> bool:
        """Whether labels have an encoder of their own."""
        return self.kind in ("bi_span", "bi_token")

    @property
    def token_level(self) -> bool:
        """Whether words are scored, instead of all spans of up to `max_width` words."""
        return self.kind in ("uni_token", "bi_token")

    @property
    def selects_spans(self) -> bool:
        """Whether the network selects spans with logits of their own; a token model may not."""
        return not self.token_level or self.represent_spans

    def to_dict(self) -> dict[str, Any]:
        """Return the content of a `gliner_config.json` that the GLiNER package can read."""
        names = set(self.__dataclass_fields__) - {"kind", "raw", "precomputed_labels"}
        values = {name: getattr(self, name) for name in sorted(names)}
        values["span_encoder_config"] = self.span_encoder_config or None
        if not self.bi_encoder:
            values |= {"labels_encoder": None, "labels_encoder_config": None}
        if self.relations_layer:
            values["triples_layer"] = self.triples_layer or None
        else:  # GLiNER recognizes a network with relations by the first of these keys
            values = {key: v for key, v in values.items() if key not in RELATION_KEYS}
        return {**self.raw, **values}

    def evolve(self, **changes: Any) -> "NetworkConfig":
        """Return a copy with some values changed."""
        return replace(self, **changes)


def _derived(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `DERIVED`."""
    related = raw.get("relations_layer") is not None  # a labels_encoder is then ignored
    bi = raw.get("labels_encoder") is not None and not related
    token = raw.get("span_mode") == TOKEN_MODE
    return {
        "kind": ("bi" if bi else "uni") + ("_token" if token else "_span"),
        "num_rnn_layers": 0 if bi else _n_rnn_layers(raw),  # bi-encoders never run an LSTM
        # GLiNER ignored the key before 0.2.23.
        "subtoken_pooling": ("num_rnn_layers" in raw and raw.get("subtoken_pooling")) or "first",
        "represent_spans": token and not related and bool(raw.get("represent_spans")),
        "post_fusion_schema": (bi and raw.get("post_fusion_schema")) or "",
        "precomputed_labels": _precomputed_labels(raw),
        "relations_layer": raw["relations_layer"] if related else "",
        "triples_layer": (related and raw.get("triples_layer")) or "",
    }


def _n_rnn_layers(raw: Mapping[str, Any]) -> int:
    """Return the number of LSTM layers. `num_rnn_layers` replaced `has_rnn` in GLiNER 0.2.23."""
    if "num_rnn_layers" in raw:
        layers: int = raw["num_rnn_layers"] or 0
        return layers
    return int(bool(raw.get("has_rnn", True)))


def _precomputed_labels(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of the stored vectors, in their order: GLiNER numbers them from 1 on."""
    if not raw.get("precomputed_prompts_mode"):
        return ()
    labels = raw.get("id_to_classes")
    numbers = {str(i) for i in range(1, len(labels) + 1)} if isinstance(labels, dict) else set()
    if not isinstance(labels, dict) or not labels or set(map(str, labels)) != numbers:
        raise refused("id_to_classes", "the labels of the precomputed prompts by number", labels)
    named = {int(number): label for number, label in labels.items()}
    return tuple(str(named[number]) for number in sorted(named))
