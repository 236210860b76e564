"""DeBERTa-v3 (He et al. 2021), equal to transformers' `DebertaV2Model` with v3's settings."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.derived import DerivedWeights
from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.encoders.blocks import Layer, Layers, PackedEncoder, word_embeddings
from spacy_gliner_biomed.nn.encoders.disentangled import DisentangledAttention
from spacy_gliner_biomed.nn.encoders.encoder_settings import EncoderSettings
from spacy_gliner_biomed.nn.encoders.packing import Packing
from spacy_gliner_biomed.nn.encoders.positions import buckets, distances
from spacy_gliner_biomed.nn.linear import in_inference

# Projected positions are cached for the longest row, rounded up to a multiple of this length.
REACH = 256


class DebertaEmbeddings(nn.Module):
    """Word embeddings with layer norm. Only the attention uses positions."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        self.word_embeddings = word_embeddings(settings)
        self.LayerNorm = nn.LayerNorm(settings.hidden_size, eps=settings.layer_norm_eps)
        self.dropout = Dropout(settings.hidden_dropout_prob)

    def forward(self, ids: Tensor) -> Tensor:
        """Embed packed subtokens. # (T,) -> (T, H)"""
        states: Tensor = self.dropout(self.LayerNorm(self.word_embeddings(ids)))
        return states


class RelativeLayers(Layers):
    """The layers, and the embeddings of relative positions that they share."""

    def __init__(self, settings: EncoderSettings) -> None:
        n_layers = settings.num_hidden_layers
        super().__init__(
            [Layer(settings, DisentangledAttention(settings)) for _ in range(n_layers)]
        )
        self.rel_embeddings = nn.Embedding(2 * settings.position_buckets, settings.hidden_size)
        self.LayerNorm = nn.LayerNorm(settings.hidden_size, eps=settings.layer_norm_eps)


class Deberta(PackedEncoder):
    """The encoder."""

    encoder: RelativeLayers

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        self.embeddings = DebertaEmbeddings(settings)
        self.encoder = RelativeLayers(settings)
        self.n_buckets = settings.position_buckets
        self.max_position = settings.max_relative_positions
        if self.max_position < 1:
            self.max_position = settings.max_position_embeddings
        self.derived, self.reach = DerivedWeights(), 0

    def embed(self, ids: Tensor, packing: Packing) -> Tensor:
        """Return the input of the first layer. # (T,) -> (T, H)"""
        states: Tensor = self.embeddings(ids)
        return states

    def relative_positions(self, states: Tensor, packing: Packing) -> Sequence[tuple[Tensor, ...]]:
        """Return each layer's projected positions, see `DisentangledAttention.forward`."""
        if not in_inference(states):
            return self._by_distance(None, packing.longest)
        # They depend only on the weights, so they are computed once instead of once per batch,
        # which saves 5 to 8 % of the time. `reach` is also a local variable, because another thread
        # may change the attribute.
        reach = self.reach = max(self.reach, -(-packing.longest // REACH) * REACH)
        dtype, weights = states.dtype, [*self.encoder.parameters()]
        tables: Sequence[tuple[Tensor, ...]] = self.derived.get(
            weights, (dtype, reach), lambda: self._by_distance(dtype, reach)
        )
        return tables

    def _by_distance(self, dtype: torch.dtype | None, longest: int) -> list[tuple[Tensor, Tensor]]:
        """Project positions for rows of up to `longest` subtokens.
        # (heads, 2 * longest, d) each
        """
        embeddings = self.encoder.LayerNorm(self.encoder.rel_embeddings.weight)
        if dtype is not None:
            embeddings = embeddings.to(dtype)
        falling = distances(longest, embeddings.device)
        for_keys = buckets(falling, self.n_buckets, self.max_position)
        for_queries = buckets(-falling, self.n_buckets, self.max_position)
        tables = (layer.attention.self.tables(embeddings) for layer in self.layers())
        return [(query[:, for_queries], key[:, for_keys]) for query, key in tables]
