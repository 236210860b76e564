"""The disentangled attention of DeBERTa (He et al. 2021): contents and relative positions."""

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.encoders.attention import join_heads, softmax_parts, split_heads, weigh
from spacy_gliner_biomed.nn.encoders.encoder_settings import EncoderSettings
from spacy_gliner_biomed.nn.encoders.packing import Packing
from spacy_gliner_biomed.nn.encoders.positions import blocks, scores_by_position, shear
from spacy_gliner_biomed.nn.linear import Linear, in_inference, product

# Rows of at least this many subtokens are processed head by head. For shorter rows, the calls would
# cost more than they save.
BY_HEAD = 128


class DisentangledAttention(nn.Module):
    """Content to content, content to position, position to content.

    With q and k for contents, and q' and k' for the distance of position i from position j:

        score[i, j] = (q_i . k_j + q_i . k'_(i - j) + k_j . q'_(i - j)) / sqrt(3 * head width)
    """

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        width = settings.hidden_size
        self.n_heads = settings.num_attention_heads
        self.scale = (3 * (width // self.n_heads)) ** -0.5
        self.query_proj = Linear(width, width)
        self.key_proj = Linear(width, width)
        self.value_proj = Linear(width, width)
        self.pos_dropout = Dropout(settings.hidden_dropout_prob)
        self.dropout = Dropout(settings.attention_probs_dropout_prob)

    def tables(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Project the relative positions of all buckets to q', scaled, and k'.

        embeddings (Tensor): Normalized embeddings of relative positions. # (2 * buckets, H)
        RETURNS (tuple[Tensor, Tensor]): # (heads, 2 * buckets, d) each
        """
        embeddings = self.pos_dropout(embeddings)
        queries = split_heads(self.query_proj(embeddings) * self.scale, 1, self.n_heads)
        keys = split_heads(self.key_proj(embeddings), 1, self.n_heads)
        return queries[0], keys[0]

    def forward(self, states: Tensor, packing: Packing, queries: Tensor, keys: Tensor) -> Tensor:
        """Attend within each row.

        states (Tensor): States of all packed subtokens. # (T, H)
        packing (Packing): The rows of the T subtokens.
        queries (Tensor): q' of all distances, ascending, where S is at least the length of the
            longest row. # (heads, 2 * S, d)
        keys (Tensor): k' of all distances, descending. # (heads, 2 * S, d)
        RETURNS (Tensor): # (T, H)
        """
        query = self.query_proj(states) * self.scale
        parts = [query, self.key_proj(states), self.value_proj(states)]
        by_run = zip(*(part.split(packing.sizes) for part in parts), strict=True)
        dropout = self.dropout.p if self.training else 0.0
        contexts, middle = [], queries.size(1) // 2
        for run, (query, key, value) in zip(packing.runs, by_run, strict=True):
            near = slice(middle - run.length, middle + run.length)
            by_distance = queries[:, near], keys[:, near]
            alone = run.rows == 1 and run.length >= BY_HEAD
            if alone and in_inference(states) and not dropout:
                contexts.append(attend_by_head(query, key, value, by_distance))
                continue
            query, key, value = (
                split_heads(part, run.rows, self.n_heads) for part in (query, key, value)
            )
            contexts.append(attend(query, key, value, by_distance, mask=run.mask, dropout=dropout))
        return torch.cat(contexts)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    by_distance: tuple[Tensor, Tensor],
    *,
    mask: Tensor | None,
    dropout: float,
) -> Tensor:
    """Attend within rows of equal length, all heads at once.

    query, key, value (Tensor): # (rows, heads, L, d)
    by_distance (tuple[Tensor, Tensor]): q' and k'. # (heads, 2 * L, d) each
    mask (Tensor | None): False for padding. # (rows, 1, 1, L)
    dropout (float): Dropout rate of the attention weights, from 0 to 1.
    RETURNS (Tensor): # (rows * L, H)
    """
    queries, keys = by_distance
    bias = scores_by_position(key, queries).transpose(-1, -2)
    bias = scores_by_position(query, keys) + bias  # (rows, heads, L, L)
    if mask is not None:
        bias = bias.masked_fill(~mask, float("-inf"))
    context = weigh(query, key, value, bias=bias, scale=1.0, dropout=dropout)
    return join_heads(context).flatten(1)


def attend_by_head(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    by_distance: tuple[Tensor, Tensor],
) -> Tensor:
    """Attend within one row, head by head, in inference.

    The scores of one head fit into the cache, and oneDNN computes the products. For 330 subtokens
    in float32, this takes half of the time of `attend`.

    query, key, value (Tensor): # (L, H)
    by_distance (tuple[Tensor, Tensor]): q' and k'. # (heads, 2 * L, d) each
    RETURNS (Tensor): # (L, H)
    """
    queries, keys = by_distance
    n_heads, length = len(queries), len(query)
    query, key = (split_heads(part, 1, n_heads)[0].contiguous() for part in (query, key))
    value = split_heads(value, 1, n_heads)[0].transpose(-1, -2).contiguous()  # (heads, d, L)
    turned = torch.empty(length, length, dtype=query.dtype)
    contexts = []
    for of_head in zip(query, key, value, queries, keys, strict=True):
        of_query, of_key, of_value, to_query, to_key = of_head
        scores = product(of_query, of_key, None)  # (L, L)
        for block, near in blocks(length):
            scores[block].add_(shear(product(of_query[block], to_key[near], None)))
            behind = shear(product(of_key[block], to_query[near], None)).T
            # In 16 bits, torch adds a transposed matrix number by number, but copies it quickly.
            scores[:, block].add_(turned[:, block].copy_(behind))
        weights, sums = softmax_parts(scores)
        contexts.append(product(weights, of_value, None).div_(sums))
    return torch.cat(contexts, dim=-1)  # heads side by side
