"""BERT with absolute positions (Devlin et al. 2019), equal to transformers' `BertModel`."""

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.encoders.attention import (
    attend_in_16_bits,
    join_heads,
    split_heads,
    weigh,
)
from spacy_gliner_biomed.nn.encoders.blocks import Layer, Layers, PackedEncoder, word_embeddings
from spacy_gliner_biomed.nn.encoders.encoder_settings import EncoderSettings
from spacy_gliner_biomed.nn.encoders.packing import Packing
from spacy_gliner_biomed.nn.linear import HALVES, Linear, compute_dtype, in_inference


class BertEmbeddings(nn.Module):
    """Sum of word, position and segment embeddings, normalized. All text is segment 0."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        width = settings.hidden_size
        self.word_embeddings = word_embeddings(settings)
        self.position_embeddings = nn.Embedding(settings.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(settings.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=settings.layer_norm_eps)
        self.dropout = Dropout(settings.hidden_dropout_prob)

    def forward(self, ids: Tensor, columns: Tensor) -> Tensor:
        """Embed packed subtokens. # (T,), (T,) -> (T, H)

        ids (Tensor): Ids of the subtokens. # (T,)
        columns (Tensor): Position of each subtoken in its row. # (T,)
        """
        words = self.word_embeddings(ids) + self.token_type_embeddings.weight[0]
        normalised = self.LayerNorm(words + self.position_embeddings(columns))
        states: Tensor = self.dropout(normalised)
        return states


class SelfAttention(nn.Module):
    """Multi-head attention by torch's fused kernel."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        width = settings.hidden_size
        self.n_heads = settings.num_attention_heads
        self.scale = (width // self.n_heads) ** -0.5
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.dropout = Dropout(settings.attention_probs_dropout_prob)

    def forward(self, states: Tensor, packing: Packing) -> Tensor:
        """Attend within each row. # (T, H) -> (T, H)"""
        sizes, dropout = packing.sizes, self.dropout.p if self.training else 0.0
        query, key, value = self.query(states), self.key(states), self.value(states)
        if in_inference(states) and not dropout and compute_dtype(states) in HALVES:
            return attend_in_16_bits(
                query, key, value, packing.runs, n_heads=self.n_heads, scale=self.scale
            )
        parts = zip(
            packing.runs, query.split(sizes), key.split(sizes), value.split(sizes), strict=True
        )
        contexts = [
            weigh(
                *(split_heads(part, run.rows, self.n_heads) for part in parts_of_run),
                bias=run.mask,
                scale=self.scale,
                dropout=dropout,
            )
            for run, *parts_of_run in parts
        ]
        return torch.cat([join_heads(context) for context in contexts]).flatten(1)


class Bert(PackedEncoder):
    """The encoder, without the pooler."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        n_layers = settings.num_hidden_layers
        layers = [Layer(settings, SelfAttention(settings)) for _ in range(n_layers)]
        self.embeddings = BertEmbeddings(settings)
        self.encoder = Layers(layers)

    def embed(self, ids: Tensor, packing: Packing) -> Tensor:
        """Return the input of the first layer. # (T,) -> (T, H)"""
        states: Tensor = self.embeddings(ids, packing.columns)
        return states
