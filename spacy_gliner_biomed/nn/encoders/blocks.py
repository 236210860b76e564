"""Layers that BERT and DeBERTa share. Attributes have the names of transformers' weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.encoders.encoder_settings import EncoderSettings
from spacy_gliner_biomed.nn.encoders.packing import Packing
from spacy_gliner_biomed.nn.layers import pick
from spacy_gliner_biomed.nn.linear import Linear, compute_dtype, in_inference

# In training, rows are padded to a multiple of this length. oneDNN compiles three kernels for each
# new shape, forward and backward, which takes longer than the attention of a short row. Fewer
# shapes save a fifth of a training step.
LENGTH_STEP = 16


@dataclass(frozen=True)
class EncoderOutput:
    """The output of an encoder, as in transformers.

    last_hidden_state (Tensor): # (B, S, H)
    """

    last_hidden_state: Tensor


class Residual(nn.Module):
    """Linear, dropout, addition of the layer's input, and layer norm."""

    def __init__(self, settings: EncoderSettings, width_in: int) -> None:
        super().__init__()
        self.dense = Linear(width_in, settings.hidden_size)
        self.LayerNorm = nn.LayerNorm(settings.hidden_size, eps=settings.layer_norm_eps)
        self.dropout = Dropout(settings.hidden_dropout_prob)

    def forward(self, hidden: Tensor, before: Tensor) -> Tensor:
        """Apply the layer. # (T, width_in), (T, H) -> (T, H)"""
        dense = self.dropout(self.dense(hidden))
        added: Tensor = dense.add_(before) if in_inference(dense) else dense + before
        normalised: Tensor = self.LayerNorm(added)
        return normalised


class Intermediate(nn.Module):
    """Linear and GELU."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        self.dense = Linear(settings.hidden_size, settings.intermediate_size)

    def forward(self, states: Tensor) -> Tensor:
        """Apply the layer. # (T, H) -> (T, intermediate_size)"""
        if type(self.dense) is Linear:
            return self.dense(states, "gelu")  # type: ignore[no-any-return]
        return F.gelu(self.dense(states))  # an adapter changes the input of GELU


class Attention(nn.Module):
    """Self-attention with its output layer.

    attend (nn.Module): Called with states, packing and the layer's relative positions.
    """

    def __init__(self, settings: EncoderSettings, attend: nn.Module) -> None:
        super().__init__()
        self.self = attend
        self.output = Residual(settings, settings.hidden_size)


class Layer(nn.Module):
    """A transformer layer."""

    def __init__(self, settings: EncoderSettings, attend: nn.Module) -> None:
        super().__init__()
        self.attention = Attention(settings, attend)
        self.intermediate = Intermediate(settings)
        self.output = Residual(settings, settings.intermediate_size)

    def forward(self, states: Tensor, packing: Packing, *positions: Tensor) -> Tensor:
        """Apply the layer. # (T, H) -> (T, H)

        states (Tensor): States of all packed subtokens. # (T, H)
        packing (Packing): The rows of the T subtokens.
        positions (Tensor): See `PackedEncoder.relative_positions`.
        RETURNS (Tensor): # (T, H)
        """
        context = self.attention.self(states, packing, *positions)
        attended = self.attention.output(context, states)
        result: Tensor = self.output(self.intermediate(attended), attended)
        return result


class Layers(nn.Module):
    """The transformer layers, as `layer`, the prefix of their weights' names."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(layers)


class PackedEncoder(nn.Module):
    """An encoder that processes rows without their padding."""

    encoder: Layers

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> EncoderOutput:
        """Encode padded rows, as transformers' encoders do.

        input_ids (Tensor): # (B, S)
        attention_mask (Tensor | None): 1 for subtokens, then 0 for padding. # (B, S)
        RETURNS (EncoderOutput): The states; zeros for padding.
        """
        mask = input_ids.new_ones(input_ids.shape) if attention_mask is None else attention_mask
        packing = Packing.of(mask)
        states = self.encode(packing.pack(input_ids), packing)
        return EncoderOutput(packing.unpack(states))

    def read(self, input_ids: Tensor, attention_mask: Tensor, positions: Tensor) -> Tensor:
        """Return the states at some positions of each row.

        input_ids, attention_mask (Tensor): # (B, S)
        positions (Tensor): Index into each row; the vector at -1 is undefined. # (B, N)
        RETURNS (Tensor): # (B, N, H)
        """
        packing = Packing.of(attention_mask, LENGTH_STEP if torch.is_grad_enabled() else 1)
        states = self.encode(packing.pack(input_ids), packing)
        return pick(states, packing.locate(positions))

    def encode(self, ids: Tensor, packing: Packing) -> Tensor:
        """Return the states of all packed subtokens. # (T,) -> (T, H)"""
        states = self.embed(ids, packing)
        if in_inference(states):
            states = states.to(compute_dtype(states))  # cast once instead of before each product
        positions = self.relative_positions(states, packing)
        for layer, of_layer in zip(self.layers(), positions, strict=True):
            states = layer(states, packing, *of_layer)
        return states

    def layers(self) -> list[Any]:
        """Return all transformer layers."""
        return list(self.encoder.layer)

    def embed(self, ids: Tensor, packing: Packing) -> Tensor:
        """Return the input of the first layer. # (T,) -> (T, H)"""
        raise NotImplementedError

    def relative_positions(self, states: Tensor, packing: Packing) -> Sequence[tuple[Tensor, ...]]:
        """Return each layer's relative positions for its attention; none by default.

        states (Tensor): Input of the first layer. # (T, H)
        packing (Packing): The rows of the T subtokens.
        RETURNS (Sequence[tuple[Tensor, ...]]): Additional arguments of each layer.
        """
        return [()] * len(self.layers())


def word_embeddings(settings: EncoderSettings) -> nn.Embedding:
    """Make word embeddings; the padding id gets no gradient, as in transformers."""
    return nn.Embedding(
        settings.vocab_size, settings.hidden_size, padding_idx=settings.pad_token_id
    )
