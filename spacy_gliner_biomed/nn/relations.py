"""Which pairs of a row's entities may be related, from the vectors of their spans.

GLiNER's layers are in gliner/modeling/multitask/relations_layers.py. They pad entities; here, the
entities of each row are computed alone, so that no mask is needed.
"""

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.linear import Linear

HEADS = 8  # of attention, whatever the width
ALL_PAIRS = "none"  # the value of `relations_layer` for no such layer
MAX_VALUES = 2**22  # numbers in a tensor of pairs


def _similarity(spans: Tensor) -> Tensor:
    """Return the probability of each pair, which does not depend on its order. # (E, D)"""
    return torch.sigmoid(spans @ spans.T)


class DotPairs(nn.Module):
    """Compares the vectors themselves."""

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, spans: Tensor) -> Tensor:
        """Return the probability of each pair. # (E, D) -> (E, E)"""
        return _similarity(spans)


class MlpPairs(nn.Module):
    """Two layers on head and tail. The first is the sum of a term for each of them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(Linear(2 * width, width), nn.ReLU(), Linear(width, 1))

    def forward(self, spans: Tensor) -> Tensor:
        """Return the probability of each pair. # (E, D) -> (E, E)"""
        hidden, _, output = self.mlp
        assert isinstance(hidden, nn.Linear)
        of_head, of_tail = hidden.weight.chunk(2, dim=1)
        tails = spans @ of_tail.T
        heads = spans @ of_head.T + hidden.bias
        size = max(1, MAX_VALUES // max(1, tails.numel()))
        rows = [output((part[:, None] + tails).relu())[..., 0] for part in heads.split(size)]
        return torch.sigmoid(torch.cat(rows))


class AttentionPairs(nn.Module):
    """Weights of an attention, averaged over its heads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, HEADS, batch_first=True)

    def forward(self, spans: Tensor) -> Tensor:
        """Return the weight of each pair. # (E, D) -> (E, E)"""
        weights: Tensor = self.attn(spans[None], spans[None], spans[None])[1]
        return weights[0]


class BilinearPairs(nn.Module):
    """Compares projections."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = Linear(width, width)

    def forward(self, spans: Tensor) -> Tensor:
        """Return the probability of each pair. # (E, D) -> (E, E)"""
        return _similarity(self.proj(spans))


class GraphConvolution(nn.Module):
    """One layer of a graph convolution with symmetric normalization (`SimpleGCNLayer`)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = Linear(width, width)

    def forward(self, spans: Tensor, edges: Tensor) -> Tensor:
        """Mix the vectors of neighbours. # (E, D), (E, E) -> (E, D)"""
        edges = edges + torch.eye(len(edges), dtype=edges.dtype, device=edges.device)
        scale = edges.sum(dim=-1).clamp(min=1e-6).pow(-0.5)
        mixed: Tensor = self.linear((scale[:, None] * edges * scale) @ spans)
        return mixed.relu()


class GraphPairs(nn.Module):
    """Compares vectors after a graph convolution over their similarities."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gcn = GraphConvolution(width)
        self.proj = Linear(width, width)

    def forward(self, spans: Tensor) -> Tensor:
        """Return the probability of each pair. # (E, D) -> (E, E)"""
        return _similarity(self.proj(self.gcn(spans, _similarity(spans))))


class GraphAttentionPairs(nn.Module):
    """Compares vectors after an attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.linear = Linear(width, width)

    def forward(self, spans: Tensor) -> Tensor:
        """Return the probability of each pair. # (E, D) -> (E, E)"""
        states = self.attn(spans[None], spans[None], spans[None])[0][0]
        return _similarity(self.linear(states))


# By the name in GLiNER's config, in small letters.
PAIR_LAYERS: dict[str, type[nn.Module]] = {
    "dot": DotPairs,
    "mlp": MlpPairs,
    "attention": AttentionPairs,
    "attn": AttentionPairs,
    "bilinear": BilinearPairs,
    "gcn": GraphPairs,
    "gat": GraphAttentionPairs,
}


def pair_layer(name: str, width: int) -> nn.Module | None:
    """Return the layer of a config's `relations_layer`; None if all pairs may be related.

    name (str): The value in the config.
    width (int): D.
    RETURNS (nn.Module | None): From span vectors (E, D) to probabilities of pairs (E, E).
    """
    return None if name == ALL_PAIRS else PAIR_LAYERS[name.lower()](width)
