"""What BERT and DeBERTa have in common. Attribute names are those of transformers' weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.encoders.encoder_settings import EncoderSettings
from spacy_gliner_biomed.nn.encoders.packing import Packing, Reading
from spacy_gliner_biomed.nn.layers import pick, pick_by_row
from spacy_gliner_biomed.nn.linear import Linear, compute_dtype, in_inference

# In training, the lengths of rows. oneDNN prepares each product of a new shape, forwards and
# twice backwards, for longer than a short row's attention takes: a fifth of a training step.
LENGTH_STEP = 16


@dataclass(frozen=True)
class EncoderOutput:
    """As transformers' output.

    last_hidden_state (Tensor): # (B, S, H)
    """

    last_hidden_state: Tensor


class Residual(nn.Module):
    """Linear and dropout, added to what went in before, then normalised."""

    def __init__(self, settings: EncoderSettings, width_in: int) -> None:
        super().__init__()
        self.dense = Linear(width_in, settings.hidden_size)
        self.LayerNorm = nn.LayerNorm(settings.hidden_size, eps=settings.layer_norm_eps)
        self.dropout = Dropout(settings.hidden_dropout_prob)

    def forward(self, hidden: Tensor, before: Tensor) -> Tensor:
        """# (T, width_in), (T, H) -> (T, H)"""
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
        """# (T, H) -> (T, intermediate_size)"""
        if type(self.dense) is Linear:
            return self.dense(states, "gelu")  # type: ignore[no-any-return]
        return F.gelu(self.dense(states))  # an adapter adds to what comes before GELU


class Attention(nn.Module):
    """Self-attention with its output layer.

    attend (nn.Module): Called with states, packing and, in the last layer, what is read of it.
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

    def forward(
        self, states: Tensor, packing: Packing, reading: Reading | None, *positions: Tensor
    ) -> Tensor:
        """All subtokens, or those alone that are read. # (T, H) -> (T or R, H)

        positions (Tensor): What the attention knows of relative positions.
        """
        context = self.attention.self(states, packing, reading, *positions)
        before = states if reading is None else pick(states, reading.index)
        attended = self.attention.output(context, before)
        result: Tensor = self.output(self.intermediate(attended), attended)
        return result


class Layers(nn.Module):
    """The transformer layers, under the name that their weights have."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(layers)


class PackedEncoder(nn.Module):
    """An encoder that works on rows without their padding."""

    encoder: Layers

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> EncoderOutput:
        """As transformers' encoders; what is beyond a row's end comes out as zeros.

        input_ids (Tensor): # (B, S)
        attention_mask (Tensor | None): 1 for subtokens, then 0 for padding. # (B, S)
        """
        mask = input_ids.new_ones(input_ids.shape) if attention_mask is None else attention_mask
        packing = Packing.of(mask)
        states = self.encode(packing.pack(input_ids), packing, None)
        return EncoderOutput(packing.unpack(states))

    def read(self, input_ids: Tensor, attention_mask: Tensor, positions: Tensor) -> Tensor:
        """The states at some positions; -1 gives any vector.

        positions (Tensor): # (B, N)
        RETURNS (Tensor): # (B, N, H)
        """
        step = LENGTH_STEP if torch.is_grad_enabled() else 1
        packing = Packing.of(attention_mask, step)
        ids = packing.pack(input_ids)
        if input_ids.device.type != "cpu":
            states = packing.unpack(self.encode(ids, packing, None))
            return pick_by_row(states, positions.clamp(min=0))
        reading = Reading.of(packing, positions, step)
        return pick(self.encode(ids, packing, reading), reading.slots)

    def encode(self, ids: Tensor, packing: Packing, reading: Reading | None) -> Tensor:
        """All states, or those alone that are read. # (T,) -> (T or R, H)"""
        states = self.embed(ids, packing)
        if in_inference(states):
            states = states.to(compute_dtype(states))  # once, instead of before each product
        layers, positions = self.layers(), self.relative_positions(states, packing)
        for layer, of_layer in zip(layers[:-1], positions, strict=False):
            states = layer(states, packing, None, *of_layer)
        # The last layer only where it is read: at words' first subtokens and labels' markers
        # (1 to 3 % of the time).
        last: Tensor = layers[-1](states, packing, reading, *positions[-1])
        return last

    def layers(self) -> list[Any]:
        """All transformer layers."""
        return list(self.encoder.layer)

    def embed(self, ids: Tensor, packing: Packing) -> Tensor:
        """What goes into the first layer. # (T,) -> (T, H)"""
        raise NotImplementedError

    def relative_positions(self, states: Tensor, packing: Packing) -> Sequence[tuple[Tensor, ...]]:
        """What the attention of each layer knows of relative positions; here, nothing."""
        return [()] * len(self.layers())


def word_embeddings(settings: EncoderSettings) -> nn.Embedding:
    """The padding id gets no gradient, as in transformers."""
    return nn.Embedding(
        settings.vocab_size, settings.hidden_size, padding_idx=settings.pad_token_id
    )
