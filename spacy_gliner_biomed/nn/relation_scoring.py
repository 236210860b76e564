"""Score pairs of a row's entities against relations.

Published form (gliner/modeling/base.py, `UniEncoderSpanRelexModel`): logit = MLP([head; tail]) .
relation, with the layers of a span layer. As there, the first layer is the sum of a term for the
head and one for the tail, and the last one is folded into the relations: a pair costs one sum, and
one product with each relation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.layers import ProjectionMLP
from spacy_gliner_biomed.nn.relations import MAX_VALUES, pair_layer
from spacy_gliner_biomed.nn.triple_layers import TRIPLE_LAYERS
from spacy_gliner_biomed.nn.triples import TRIPLE_SCORES, TripleScore


class PairMinimum(NamedTuple):
    """The minimum logits and the minimum probability of a pair.

    logits (Tensor): The minimum logit of each relation; a pair has to exceed one of them. # (R,)
    adjacency (float): The probability to exceed that its entities are related at all.
    """

    logits: Tensor
    adjacency: float


class SelectedPairs(NamedTuple):
    """Pairs of entities in order of head and tail.

    indices (Tensor): Head and tail, as indices of selected spans. # (P, 2)
    logits (Tensor): The pair's logits for all relations. # (P, R)
    """

    indices: Tensor
    logits: Tensor


class ScoredPairs(NamedTuple):
    """What is computed of the pairs of a row.

    related (Tensor | None): The probability that two entities are related; None if all pairs may
        be related. # (E, E)
    logits (Tensor): The logits of pairs for all relations. # (P, R)
    """

    related: Tensor | None
    logits: Tensor


class RelationScorer(nn.Module):
    """Both steps on pairs: whether their entities are related at all, and how.

    relations_layer, triples_layer (str): As in GLiNER's config; no `triples_layer` is "".
    width (int): D.
    dropout (float): Dropout rate.
    """

    def __init__(
        self, relations_layer: str, triples_layer: str, width: int, dropout: float
    ) -> None:
        super().__init__()
        self.adjacency = pair_layer(relations_layer, width)
        self.triples: TripleScore | None = None
        if triples_layer in TRIPLE_LAYERS:
            self.triples = TRIPLE_LAYERS[triples_layer](width)
        elif triples_layer:
            self.triples = TRIPLE_SCORES[triples_layer]
        self.pairs = None if triples_layer else ProjectionMLP(2 * width, width, dropout)

    def probabilities(self, spans: Tensor, repeats: Tensor) -> Tensor | None:
        """Return the probability that two entities are related.

        spans (Tensor): Span vectors of one row. # (E, D)
        repeats (Tensor): How often each span counts: GLiNER's token model has a span once for each
            label that found it. # (E,)
        RETURNS (Tensor | None): None if all pairs may be related. # (E, E)
        """
        if self.adjacency is None:
            return None
        if bool((repeats == 1).all()):
            found: Tensor = self.adjacency(spans)
            return found
        first = repeats.cumsum(dim=0) - repeats
        repeated: Tensor = self.adjacency(spans.repeat_interleave(repeats, dim=0))
        return repeated[first][:, first]

    def score_pairs(
        self, spans: Tensor, repeats: Tensor, relations: Tensor, pairs: Tensor
    ) -> ScoredPairs:
        """Compute both steps for given pairs, whatever the first one says.

        spans, repeats: As for `probabilities`. # (E, D), (E,)
        relations (Tensor): Relation vectors. # (R, D)
        pairs (Tensor): Heads and tails. # (P, 2)
        RETURNS (ScoredPairs): Without probabilities if there are no pairs.
        """
        related = self.probabilities(spans, repeats) if len(pairs) else None
        return ScoredPairs(related, self.score(spans, pairs, relations))

    def score(self, spans: Tensor, pairs: Tensor, relations: Tensor) -> Tensor:
        """Return the logits of pairs.

        spans (Tensor): Span vectors of one row. # (E, D)
        pairs (Tensor): Heads and tails. # (P, 2)
        relations (Tensor): Relation vectors. # (R, D)
        RETURNS (Tensor): # (P, R)
        """
        if self.pairs is None:
            assert self.triples is not None
            return self.triples(spans[pairs[:, 0]], spans[pairs[:, 1]], relations)
        hidden, dropout, output = self.pairs.parts()
        of_head, of_tail = hidden.weight.chunk(2, dim=1)
        heads = spans @ of_head.T + hidden.bias  # (E, 4D)
        sums = dropout((heads[pairs[:, 0]] + (spans @ of_tail.T)[pairs[:, 1]]).relu())
        logits: Tensor = sums @ (relations @ output.weight).T + relations @ output.bias
        return logits

    def select(
        self, spans: Tensor, repeats: Tensor, relations: Tensor, minimum: PairMinimum
    ) -> SelectedPairs:
        """Select the pairs above the minimum.

        spans, repeats: As for `probabilities`. # (E, D), (E,)
        relations (Tensor): Relation vectors. # (R, D)
        minimum (PairMinimum): What a pair has to exceed.
        RETURNS (SelectedPairs): The pairs of two different spans.
        """
        n_spans, found = len(spans), []
        if n_spans > 1 and len(relations):
            probabilities = self.probabilities(spans, repeats)
            allowed = ~torch.eye(n_spans, dtype=torch.bool, device=spans.device)
            if probabilities is not None:
                allowed &= probabilities > minimum.adjacency
            width = 4 * spans.size(-1) * (1 if self.triples is None else len(relations))
            for pairs in allowed.nonzero().split(max(1, MAX_VALUES // width)):
                logits = self.score(spans, pairs, relations)
                passing = ~(logits <= minimum.logits).all(dim=-1)  # also what is not a number
                found.append(SelectedPairs(pairs[passing], logits[passing]))
        none = SelectedPairs(
            torch.zeros(0, 2, dtype=torch.long, device=spans.device),
            spans.new_zeros(0, len(relations)),
        )
        return SelectedPairs(*map(torch.cat, zip(none, *found, strict=True)))
