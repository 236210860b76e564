"""Attention between the words of a text and the labels of a bi-encoder, before they are scored."""

from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.config_checks import refused
from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.layers import inside_rows
from spacy_gliner_biomed.nn.linear import Linear


class Heads(nn.Module):
    """Multi-head attention without an output layer (GLiNER's `MultiheadAttention`)."""

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query_layer = Linear(width, width)
        self.key_layer = Linear(width, width)
        self.value_layer = Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """Attend from queries to keys.

        queries (Tensor): # (B, Q, D)
        keys, values (Tensor): # (B, N, D)
        mask (Tensor): True for keys that are no padding. # (B, N)
        RETURNS (Tensor): # (B, Q, D)
        """
        attended: Tensor = F.scaled_dot_product_attention(
            self._split(self.query_layer(queries)),
            self._split(self.key_layer(keys)),
            self._split(self.value_layer(values)),
            mask[:, None, None],
            self.dropout.p if self.training else 0.0,
        )
        return attended.transpose(1, 2).flatten(2)

    def _split(self, vectors: Tensor) -> Tensor:  # (B, N, D) -> (B, heads, N, D / heads)
        return vectors.view(*vectors.shape[:2], self.n_heads, -1).transpose(1, 2)


class Block(nn.Module):
    """What both kinds of attention share: norms before and after, with the residual between."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.pre_norm, self.post_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = Dropout(dropout)
        self.v_proj = Linear(width, width)


class SelfAttentionBlock(Block):
    """Attention of a sequence to itself."""

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__(width, dropout)
        self.self_attn = Heads(width, n_heads, dropout)
        self.q_proj, self.k_proj = Linear(width, width), Linear(width, width)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Update a sequence. # (B, N, D), (B, N) -> (B, N, D)"""
        vectors = self.pre_norm(vectors)
        projected = self.q_proj(vectors), self.k_proj(vectors), self.v_proj(vectors)
        updated: Tensor = self.post_norm(vectors + self.dropout(self.self_attn(*projected, mask)))
        return updated


class CrossAttentionBlock(Block):
    """Attention of a sequence to the other one."""

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__(width, dropout)
        self.cross_attn = Heads(width, n_heads, dropout)

    def forward(self, vectors: Tensor, others: Tensor, mask: Tensor) -> Tensor:
        """Update a sequence by the others. # (B, Q, D), (B, N, D), (B, N) -> (B, Q, D)"""
        vectors = self.pre_norm(vectors)
        attended = self.cross_attn(vectors, others, self.v_proj(others), mask)
        updated: Tensor = self.post_norm(vectors + self.dropout(attended))
        return updated


class CrossFuser(nn.Module):
    """GLiNER's `CrossFuser` (gliner/modeling/layers.py), with the masks of version 0.2.29.

    width (int): D.
    n_heads (int): Attention heads of the text encoder.
    schema (str): Steps such as "l2l-l2t": from labels to labels, then from labels to the text.
    n_layers (int): How often the steps are taken.
    dropout (float): The rate.
    RAISES (ValueError): If the width cannot be divided among the heads.
    """

    def __init__(
        self, width: int, n_heads: int, *, schema: str, n_layers: int, dropout: float
    ) -> None:
        super().__init__()
        if width % n_heads:
            raise refused("hidden_size", f"a multiple of the encoder's {n_heads} heads", width)
        self.steps = schema.split("-")
        kinds = [
            SelfAttentionBlock if step[0] == step[2] else CrossAttentionBlock for step in self.steps
        ]
        self.layers = nn.ModuleList(
            nn.ModuleList(kind(width, n_heads, dropout) for kind in kinds) for _ in range(n_layers)
        )

    def forward(
        self, words: Tensor, labels: Tensor, n_words: Tensor, n_labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update words and labels.

        words, labels (Tensor): # (B, W, D), (B, C, D)
        n_words, n_labels (Tensor): Words and labels of each row. # (B,)
        RETURNS (tuple[Tensor, Tensor]): Words and labels. # (B, W, D), (B, C, D)
        """
        vectors = {"t": words, "l": labels}
        masks = {"t": inside_rows(n_words, words), "l": inside_rows(n_labels, labels)}
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            for step, block in zip(self.steps, layer, strict=True):
                to, by = step[0], step[2]
                others = [] if to == by else [vectors[by]]
                vectors[to] = block(vectors[to], *others, masks[by])
        return vectors["t"], vectors["l"]
