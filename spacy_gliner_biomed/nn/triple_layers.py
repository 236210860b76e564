"""Scores of a head, a relation and a tail with weights of their own, by their names in GLiNER.

The published forms are in gliner/modeling/multitask/triples_layers.py, which computes each triple
alone. Here, what depends on the relation only is computed once for each relation.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.linear import Linear
from spacy_gliner_biomed.nn.triples import TRIPLE_SCORES, distance

WIDTH = 768  # GLiNER builds these layers for this width only, whatever its config says
HIDDEN = 2048  # width of `ERMLP`
FILTERS = 32  # of `ConvKB`


class TripleLayer(nn.Module):
    """A layer on triples.

    width (int): D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs. # (P, D), (P, D), (R, D) -> (P, R)"""
        raise NotImplementedError


class TransH(TripleLayer):
    """Translation on a hyperplane of the relation."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.r_to_rtr, self.r_to_w = Linear(width, width), Linear(width, width)

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        normal = F.normalize(self.r_to_w(relations), dim=-1)
        difference = head - tail  # both ends are projected by the same linear map
        along = (difference @ normal.T).unsqueeze(-1) * normal  # (P, R, D)
        return distance(difference.unsqueeze(1) - along + self.r_to_rtr(relations))


class TransF(TripleLayer):
    """Translation of scaled ends."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.r_to_rvec = Linear(width, width)
        self.r_to_alpha, self.r_to_beta = Linear(width, width), Linear(width, width)

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        heads = self.r_to_alpha(relations) * head.unsqueeze(1)
        tails = self.r_to_beta(relations) * tail.unsqueeze(1)
        return distance(heads + self.r_to_rvec(relations) - tails)


class PairRE(TripleLayer):
    """Distance of scaled ends."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.r_to_alpha, self.r_to_beta = Linear(width, width), Linear(width, width)

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        heads = self.r_to_alpha(relations) * head.unsqueeze(1)
        return distance(heads - self.r_to_beta(relations) * tail.unsqueeze(1))


class TripleRE(TripleLayer):
    """As `TransF`, times a factor of the relation."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.r_to_alpha, self.r_to_beta = Linear(width, width), Linear(width, width)
        self.r_to_delta, self.r_to_gamma = Linear(width, width), Linear(width, 1)

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        heads = self.r_to_alpha(relations) * head.unsqueeze(1)
        tails = self.r_to_beta(relations) * tail.unsqueeze(1)
        factors: Tensor = self.r_to_gamma(relations).squeeze(-1)  # (R,)
        return factors * distance(heads + self.r_to_delta(relations) - tails)


class ERMLP(TripleLayer):
    """Two layers on all three vectors. The first is the sum of a term for each of them."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.mlp = nn.Sequential(Linear(3 * width, HIDDEN), nn.ReLU(), Linear(HIDDEN, 1))

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        hidden, _, output = self.mlp
        assert isinstance(hidden, nn.Linear)
        of_head, of_relation, of_tail = hidden.weight.chunk(3, dim=1)
        pairs = head @ of_head.T + tail @ of_tail.T + hidden.bias
        sums = pairs.unsqueeze(1) + relations @ of_relation.T  # (P, R, hidden)
        logits: Tensor = output(sums.relu()).squeeze(-1)
        return logits


class ConvKB(TripleLayer):
    """Filters over the three values of each dimension."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.conv = nn.Conv1d(3, FILTERS, kernel_size=1)
        self.fc = Linear(FILTERS * width, 1)
        self.dropout = nn.Dropout(0.3)

    def forward(self, head: Tensor, tail: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs."""
        logits = self.fc.bias.expand(len(head), len(relations))
        parts = self.fc.weight[0].chunk(FILTERS)
        assert self.conv.bias is not None
        # One filter after the other, so that memory does not grow with their number.
        for (a, b, c), bias, weight in zip(
            self.conv.weight[..., 0], self.conv.bias, parts, strict=True
        ):
            pairs = (a * head + c * tail).unsqueeze(1)
            logits = logits + self.dropout((pairs + b * relations + bias).relu()) @ weight
        return logits


# By the name in GLiNER's config. Two of its names are not here: it cannot build `ConvE` from a
# config, and its `TuckER` mixes the pairs of a batch, so that scores depend on the other pairs.
TRIPLE_LAYERS: dict[str, type[TripleLayer]] = {
    each.__name__: each for each in (TransH, TransF, PairRE, TripleRE, ERMLP, ConvKB)
}
TRIPLES = (*TRIPLE_SCORES, *TRIPLE_LAYERS)
