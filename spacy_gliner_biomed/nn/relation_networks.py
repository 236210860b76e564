"""The part of networks that also score relations between the entities that they select."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.finite import check_vectors
from spacy_gliner_biomed.nn.network_base import Network, RowBatch
from spacy_gliner_biomed.nn.relation_scoring import (
    PairMinimum,
    RelationScorer,
    ScoredPairs,
    SelectedPairs,
)
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.nn.span_scoring import SpanScorer


class RelationNetwork(Network):
    """Entities, and their relations from the vectors of the same spans.

    Labels and relations are in one sequence with the text: `<<ENT>> label .. <<SEP>> <<REL>>
    relation .. <<SEP>> text`. Relations are compared as they are; labels are projected first.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.relation_scorer = RelationScorer(
            config.relations_layer, config.triples_layer, config.hidden_size, config.dropout
        )

    def score(self, words: Tensor, queries: Tensor, n_words: Tensor) -> tuple[Tensor, Tensor]:
        """Score entities, see `SpanNetwork.score`."""
        raise NotImplementedError

    def select_from(
        self, words: Tensor, queries: Tensor, n_words: Tensor, min_logits: Tensor
    ) -> tuple[SelectedSpans, Tensor]:
        """Select entities, see `SpanNetwork.select_from`."""
        raise NotImplementedError

    def score_related(
        self, batch: RowBatch, spans: Tensor, repeats: Tensor, pairs: Sequence[Tensor]
    ) -> tuple[Tensor, list[ScoredPairs]]:
        """Compute all logits of entities, and those of given pairs of given spans, to train both.

        batch (RowBatch): The rows, with relations.
        spans (Tensor): Row, first word, and width less 1; rows in order. # (N, 3)
        repeats (Tensor): See `RelationScorer.probabilities`. # (N,)
        pairs (Sequence[Tensor]): Of each row, heads and tails as indices of its spans. # (P, 2)
        RETURNS (tuple[Tensor, list[ScoredPairs]]): Logits as of `SpanNetwork.forward`, and what was
            computed of each row's pairs.
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries, relations = self.encode_related(batch)
        logits, words = self.score(words, queries, batch.n_words)
        vectors = self._span_vectors(words, spans, batch.n_words)
        counts = torch.bincount(spans[:, 0], minlength=len(words)).tolist()
        parts = zip(vectors.split(counts), repeats.split(counts), relations, pairs, strict=True)
        return logits, [self.relation_scorer.score_pairs(*part) for part in parts]

    def select_related(
        self, batch: RowBatch, min_logits: Tensor, minimum: PairMinimum
    ) -> tuple[SelectedSpans, list[SelectedPairs]]:
        """Select the spans above a label's minimum, and the pairs of them above a relation's.

        batch (RowBatch): The rows, with relations.
        min_logits (Tensor): Of labels, for each row or shared. # (B, C) or (1, C)
        minimum (PairMinimum): Of relations.
        RETURNS (tuple[SelectedSpans, list[SelectedPairs]]): The spans, and the pairs of each row as
            indices of its spans.
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries, relations = self.encode_related(batch)
        spans, words = self.select_from(words, queries, batch.n_words, min_logits)
        vectors = self._span_vectors(words, spans.indices, batch.n_words)
        # A span model has a logit for every label; a token model for those that show the span.
        repeats = (spans.logits > -torch.inf).sum(dim=-1) if self.config.token_level else None
        counts = torch.bincount(spans.indices[:, 0], minlength=len(words)).tolist()
        repeats = torch.ones_like(spans.indices[:, 0]) if repeats is None else repeats
        parts = zip(vectors.split(counts), repeats.split(counts), relations, strict=True)
        return spans, [self.relation_scorer.select(*part, minimum) for part in parts]

    def _span_vectors(self, words: Tensor, indices: Tensor, n_words: Tensor) -> Tensor:
        """Return the vectors of some spans, see `SpanScorer.span_vectors`. # (N, D)"""
        scorer = self.get_submodule("span_scorer")
        assert isinstance(scorer, SpanScorer)
        return check_vectors(scorer.span_vectors(words, indices, n_words), "spans")

    def encode_related(self, batch: RowBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the vectors of words, labels as queries, and relations.

        batch (RowBatch): The rows, with relations.
        RETURNS (tuple[Tensor, Tensor, Tensor]): # (B, W, D), (B, C, D), (B, R, D)
        RAISES (ValueError): If a vector is not finite.
        """
        assert batch.relation_positions is not None
        n_labels = batch.label_positions.size(1)
        positions = torch.cat([batch.label_positions, batch.relation_positions], dim=1)
        vectors, words = self.vectors(replace(batch, label_positions=positions))
        queries = check_vectors(self.queries(vectors[:, :n_labels]), "labels")
        return words, queries, vectors[:, n_labels:]
