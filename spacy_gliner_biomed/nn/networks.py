"""The networks: uni-encoders and bi-encoders, each for spans or for words, and with relations."""

import torch
from torch import Tensor

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.finite import check_vectors
from spacy_gliner_biomed.nn.label_encoding import BiEncoder
from spacy_gliner_biomed.nn.layers import ProjectionMLP
from spacy_gliner_biomed.nn.marker_context import MarkerV1, MarkerV2
from spacy_gliner_biomed.nn.marker_v0 import MarkerV0
from spacy_gliner_biomed.nn.network_base import Network, RowBatch
from spacy_gliner_biomed.nn.relation_networks import RelationNetwork
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.nn.span_scoring import Marker, SpanScorer, mask_tails
from spacy_gliner_biomed.nn.token_scoring import TokenScorer
from spacy_gliner_biomed.nn.token_spans import found_spans

SPAN_SCORERS: dict[str, type[SpanScorer]] = {
    "marker": Marker,
    "markerV0": MarkerV0,
    "markerV1": MarkerV1,
    "markerV2": MarkerV2,
}


class SpanNetwork(Network):
    """The parts of all span networks: the span scorer and the projection of labels."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.span_scorer = SPAN_SCORERS[config.span_mode](config.hidden_size, config.dropout)
        self.prompt_projection = ProjectionMLP(
            config.hidden_size, config.hidden_size, config.dropout
        )

    def queries(self, labels: Tensor) -> Tensor:
        """Project labels for the scorer. # (.., C, D)"""
        projected: Tensor = self.prompt_projection(labels)
        return projected

    def forward(self, batch: RowBatch, queries: Tensor | None = None) -> Tensor:
        """Score all spans.

        batch (RowBatch): The rows.
        queries (Tensor | None): Labels from `BiEncoder.encode_labels` or `stored_queries`, for
            each row or shared; None if they are in the rows. # (B, C, D) or (C, D)
        RETURNS (Tensor): Logits; minus infinity for spans that extend past the end of their row.
            # (B, W, K, C)
        RAISES (ValueError): If a vector is not finite.
        """
        return self.score(*self.encode(batch, queries), batch.n_words)[0]

    def score(self, words: Tensor, queries: Tensor, n_words: Tensor) -> tuple[Tensor, Tensor]:
        """Score all spans as `forward`, from word vectors and queries.

        words, queries (Tensor): See `Network.encode`. # (B, W, D), (B, C, D) or (C, D)
        n_words (Tensor): Words in each row, on the CPU. # (B,)
        RETURNS (tuple[Tensor, Tensor]): The logits, and the words as their layer reads them.
        """
        words = self.in_context(words, n_words)
        logits = self.span_scorer(words, queries, self.config.max_width, n_words)
        return mask_tails(logits, n_words), words

    def select(
        self, batch: RowBatch, min_logits: Tensor, queries: Tensor | None = None
    ) -> SelectedSpans:
        """Select the spans with a logit above its label's minimum. The logits of other spans may
        not be computed.

        batch (RowBatch): The rows.
        min_logits (Tensor): For each row, or shared by all. # (B, C) or (1, C)
        queries (Tensor | None): As for `forward`. # (B, C, D) or (C, D)
        RETURNS (SelectedSpans): The spans with their logits.
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries = self.encode(batch, queries)
        return self.select_from(words, queries, batch.n_words, min_logits)[0]

    def select_from(
        self, words: Tensor, queries: Tensor, n_words: Tensor, min_logits: Tensor
    ) -> tuple[SelectedSpans, Tensor]:
        """Select spans as `select`, from word vectors and queries.

        words, queries, n_words: As for `score`.
        min_logits (Tensor): As for `select`. # (B, C) or (1, C)
        RETURNS (tuple[SelectedSpans, Tensor]): The spans, and the words as their layer reads them.
        """
        words = self.in_context(words, n_words)
        size = self.config.max_width
        return self.span_scorer.select(words, queries, size, n_words, min_logits), words


class TokenNetwork(Network):
    """The parts of all token networks, which score words, so that entities have no maximum width.

    With `represent_spans`, the spans that are found are scored again, by a span layer.
    """

    span_scorer: MarkerV0 | None

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.token_scorer = TokenScorer(config.hidden_size, config.dropout)
        again = config.represent_spans or config.relations_layer
        self.span_scorer = MarkerV0(config.hidden_size, config.dropout) if again else None

    def forward(self, batch: RowBatch, queries: Tensor | None = None) -> Tensor:
        """Compute logits of start, end and inside; with `represent_spans`, followed by those of
        the spans of 1 to K words that begin at the word.

        batch, queries: As for `SpanNetwork.forward`.
        RETURNS (Tensor): # (B, W, C, 3) or (B, W, C, 3 + K)
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries = self.encode(batch, queries)
        logits: Tensor = self.token_scorer(words, queries)
        if self.span_scorer is None or not self.config.represent_spans:
            return logits
        words = self.in_context(words, batch.n_words)
        of_spans = self.span_scorer(words, queries, self.config.max_width, batch.n_words)
        of_spans = mask_tails(of_spans, batch.n_words).transpose(2, 3)  # (B, W, C, K)
        return torch.cat([logits, of_spans.to(logits.dtype)], dim=-1)

    def select(
        self, batch: RowBatch, min_logits: Tensor, queries: Tensor | None = None
    ) -> SelectedSpans:
        """Select the spans that the words' logits show, and that have a logit of their own above
        its label's minimum.

        batch, min_logits, queries: As for `SpanNetwork.select`.
        RETURNS (SelectedSpans): The spans with their logits, of any width.
        RAISES (ValueError): If a vector is not finite.
        """
        assert self.span_scorer is not None
        words, queries = self.encode(batch, queries)
        logits = check_vectors(self.token_scorer(words, queries), "words")
        indices, token_logits = found_spans(logits, min_logits, batch.n_words)
        words = self.in_context(words, batch.n_words)
        of_spans = self.span_scorer.score_spans(words, queries, indices, batch.n_words)
        minimum = min_logits.expand(len(words), -1)[indices[:, 0]]
        passing = ~(of_spans <= minimum).all(dim=-1)  # also if one is not a number
        return SelectedSpans(indices[passing], of_spans[passing], token_logits[passing])


class UniEncoderSpan(SpanNetwork):
    """Labels and text in one sequence; a label is the vector of its marker token.

    GLiNER's class is `UniEncoderSpanModel` (gliner/modeling/base.py; Zaratiana et al. 2023).
    """


class UniEncoderToken(TokenNetwork):
    """Labels and text in one sequence, scored by words.

    GLiNER's class is `UniEncoderTokenModel` (gliner/modeling/base.py).
    """


class BiEncoderSpan(BiEncoder, SpanNetwork):
    """A bi-encoder that scores spans (`BiEncoderSpanModel`)."""


class BiEncoderToken(BiEncoder, TokenNetwork):
    """A bi-encoder that scores words (`BiEncoderTokenModel`)."""


class RelationSpan(SpanNetwork, RelationNetwork):
    """Scores spans, and relations between them (`UniEncoderSpanRelexModel`)."""


class RelationToken(TokenNetwork, RelationNetwork):
    """Scores words, and relations between the spans that they show (`UniEncoderTokenRelexModel`).

    Unlike `UniEncoderToken`, it projects labels, as span networks do.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.prompt_projection = ProjectionMLP(
            config.hidden_size, config.hidden_size, config.dropout
        )

    def queries(self, labels: Tensor) -> Tensor:
        """Project labels for the scorer. # (.., C, D)"""
        projected: Tensor = self.prompt_projection(labels)
        return projected

    def score(self, words: Tensor, queries: Tensor, n_words: Tensor) -> tuple[Tensor, Tensor]:
        """Score all words, see `SpanNetwork.score`."""
        return self.token_scorer(words, queries), self.in_context(words, n_words)

    def select_from(
        self, words: Tensor, queries: Tensor, n_words: Tensor, min_logits: Tensor
    ) -> tuple[SelectedSpans, Tensor]:
        """Select the spans that the words show, see `SpanNetwork.select_from`."""
        logits = check_vectors(self.token_scorer(words, queries), "words")
        spans = SelectedSpans(*found_spans(logits, min_logits, n_words))
        return spans, self.in_context(words, n_words)


def build_network(config: NetworkConfig) -> Network:
    """Build the network that a config describes.

    config (NetworkConfig): The checkpoint's.
    RETURNS (Network): The network; its weights are not loaded yet.
    """
    kinds: dict[str, type[Network]] = {
        "uni_span": UniEncoderSpan,
        "uni_token": UniEncoderToken,
        "bi_span": BiEncoderSpan,
        "bi_token": BiEncoderToken,
    }
    if config.relations_layer:
        kinds |= {"uni_span": RelationSpan, "uni_token": RelationToken}
    network: Network = kinds[config.kind](config)
    return network.to(torch.float32)
