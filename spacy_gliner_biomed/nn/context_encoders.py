"""Encoders between words and the span layer (`span_encoder_config` of GLiNER 0.2.29)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.config_checks import check_encoder, refused
from spacy_gliner_biomed.nn.encoder import build_encoder, hf_config
from spacy_gliner_biomed.nn.layers import WordLSTM, inside_rows
from spacy_gliner_biomed.nn.linear import Linear

HEAD_WIDTH = 64  # of an attention head, where the config does not say
# Of ModernBERT, which here reads vectors and no ids.
NO_VOCABULARY = {
    "vocab_size": 1,
    **{f"{name}_token_id": 0 for name in ("pad", "bos", "eos", "cls", "sep")},
    "tie_word_embeddings": False,
    "attention_dropout": 0.0,  # a plain number in transformers, out of reach of `set_dropout`
}


class ContextEncoder(nn.Module):
    """Encodes word vectors in the context of their row (gliner/modeling/context_encoders.py).

    config (NetworkConfig): With a `span_encoder_config`.
    RAISES (ValueError): If the encoder cannot be built.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        values = complete_config(config)
        width, inner = config.hidden_size, values["hidden_size"]
        self.input_projection = nn.Identity() if width == inner else Linear(width, inner)
        self.output_projection = nn.Identity() if width == inner else Linear(inner, width)
        self.encoder = _build(values)

    def forward(self, words: Tensor, n_words: Tensor) -> Tensor:
        """Encode the words of each row.

        words (Tensor): # (B, W, D)
        n_words (Tensor): Words in each row, on the CPU. # (B,)
        RETURNS (Tensor): Zeros for padding. # (B, W, D)
        """
        mask = inside_rows(n_words, words)
        states = self.input_projection(words)
        if isinstance(self.encoder, WordLSTM):
            states = self.encoder(states, n_words)
        else:
            key = "inputs_embeds" if hasattr(self.encoder, "embeddings") else "hidden_states"
            output = self.encoder(**{key: states}, attention_mask=mask.long())
            states = output.last_hidden_state
        encoded: Tensor = self.output_projection(states).masked_fill(~mask.unsqueeze(-1), 0)
        return encoded


def complete_config(config: NetworkConfig) -> dict[str, Any]:
    """Return the `span_encoder_config` with GLiNER's defaults (`normalize_context_encoder_config`).

    config (NetworkConfig): The network's.
    RETURNS (dict[str, Any]): The values.
    RAISES (ValueError): If a size is not allowed.
    """
    values = {
        "hidden_size": config.hidden_size,
        "num_hidden_layers": 1,
        **config.span_encoder_config,
    }
    for key in ("hidden_size", "num_hidden_layers"):
        if type(values[key]) is not int or values[key] < 1:
            raise refused(f"span_encoder_config.{key}", "a whole number of at least 1", values[key])
    complete = _complete_rnn if values["model_type"] == "rnn" else _complete_transformer
    return complete(values, config.dropout)


def _complete_rnn(values: dict[str, Any], rate: float) -> dict[str, Any]:
    values = {"dropout": rate, "bidirectional": True, "rnn_type": "lstm", **values}
    width = values["hidden_size"]
    if values["rnn_type"] != "lstm":
        raise refused("span_encoder_config.rnn_type", "'lstm'", values["rnn_type"])
    if values["bidirectional"] and width % 2:
        raise refused("span_encoder_config.hidden_size", "even in both directions", width)
    return values


def _complete_transformer(values: dict[str, Any], rate: float) -> dict[str, Any]:
    width = values["hidden_size"]
    values = {"num_attention_heads": _n_heads(width), "intermediate_size": 4 * width, **values}
    heads = values["num_attention_heads"]
    if type(heads) is not int or heads < 1 or width % heads:
        raise refused("span_encoder_config.num_attention_heads", f"a divisor of {width}", heads)
    if values["model_type"] == "modernbert":
        rates = {"embedding_dropout": rate, "mlp_dropout": rate}
        return {**rates, **values, **NO_VOCABULARY}
    return {
        "hidden_dropout_prob": rate,
        "attention_probs_dropout_prob": rate,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "max_relative_positions": 512,
        **values,
    }


def _n_heads(width: int) -> int:
    """Return a number of heads of about `HEAD_WIDTH` that divides the width."""
    heads = max(1, width // HEAD_WIDTH)
    while width % heads:
        heads -= 1
    return heads


def _build(values: Mapping[str, Any]) -> nn.Module:
    check_encoder(values, "span_encoder_config")
    if values["model_type"] == "rnn":
        return WordLSTM(
            values["hidden_size"],
            values["num_hidden_layers"],
            bidirectional=values["bidirectional"],
            dropout=values["dropout"],
        )
    if values["model_type"] == "modernbert":
        return build_encoder(values)
    from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2Encoder

    encoder: nn.Module = DebertaV2Encoder(hf_config(values))
    return encoder
