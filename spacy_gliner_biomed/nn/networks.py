"""The three networks: uni-encoder span, uni-encoder token, bi-encoder span.

Their input has the positions of labels and words, so they never search tensors for markers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.encoder import build_encoder, encoder_width, read_states
from spacy_gliner_biomed.nn.finite import check_vectors
from spacy_gliner_biomed.nn.layers import ProjectionMLP, WordLSTM
from spacy_gliner_biomed.nn.linear import Linear
from spacy_gliner_biomed.nn.marker_v0 import MarkerV0
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.nn.span_scoring import Marker, SpanScorer, mask_tails
from spacy_gliner_biomed.nn.token_scoring import TokenScorer


@dataclass(frozen=True)
class RowBatch:
    """Rows as padded tensors.

    input_ids, attention_mask (Tensor): # (B, S)
    word_positions (Tensor): Index of each word's subtoken; -1 for padding and for words without
        subtokens. # (B, W)
    label_positions (Tensor): Index of each label's subtoken; -1 for padding. # (B, C)
    n_words (Tensor): Words in each row, on the CPU. # (B,)
    """

    input_ids: Tensor
    attention_mask: Tensor
    word_positions: Tensor
    label_positions: Tensor
    n_words: Tensor


class Network(nn.Module):
    """The parts of all networks: text encoder, projection to the scorer's width, optional LSTM."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden_size
        self.encoder = build_encoder(config.encoder_config)
        self.projection = _projection(encoder_width(config.encoder_config), width)
        self.lstm = WordLSTM(width, config.num_rnn_layers) if config.num_rnn_layers else None

    def vectors(self, batch: RowBatch) -> tuple[Tensor, Tensor]:
        """Compute the vectors of labels and words, in the scorer's width.

        batch (RowBatch): The rows.
        RETURNS (tuple[Tensor, Tensor]): The vectors of labels and of words; zeros at position -1.
            # (B, C, D), (B, W, D)
        RAISES (ValueError): If a vector is not finite, which later layers would hide.
        """
        positions = torch.cat([batch.label_positions, batch.word_positions], dim=1)
        states = read_states(self.encoder, batch.input_ids, batch.attention_mask, positions)
        vectors = self.projection(states) * (positions >= 0).unsqueeze(-1)
        check_vectors(vectors, "labels and words")
        n_labels = batch.label_positions.size(1)
        words = vectors[:, n_labels:]
        if self.lstm is not None:
            words = check_vectors(self.lstm(words, batch.n_words), "words")
        return vectors[:, :n_labels], words


class SpanNetwork(Network):
    """The parts of both span networks: the span scorer and the projection of labels."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        scorer: type[SpanScorer] = {"markerV0": MarkerV0, "marker": Marker}[config.span_mode]
        self.span_scorer = scorer(config.hidden_size, config.dropout)
        self.prompt_projection = ProjectionMLP(
            config.hidden_size, config.hidden_size, config.dropout
        )

    def forward(self, batch: RowBatch, queries: Tensor | None = None) -> Tensor:
        """Score all spans.

        batch (RowBatch): The rows.
        queries (Tensor | None): Label vectors that all rows share, from
            `BiEncoderSpan.encode_labels`; None for a uni-encoder. # (C, D)
        RETURNS (Tensor): Logits; minus infinity for spans that extend past the end of their row.
            # (B, W, K, C)
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries = self._encode(batch, queries)
        logits = self.span_scorer(words, queries, self.config.max_width, batch.n_words)
        return mask_tails(logits, batch.n_words)

    def select(
        self, batch: RowBatch, min_logits: Tensor, queries: Tensor | None = None
    ) -> SelectedSpans:
        """Select the spans with a logit above its label's minimum. The logits of other spans may
        not be computed.

        batch (RowBatch): The rows.
        min_logits (Tensor): For each row, or shared by all. # (B, C) or (1, C)
        queries (Tensor | None): As for `forward`. # (C, D)
        RETURNS (SelectedSpans): The spans with their logits.
        RAISES (ValueError): If a vector is not finite.
        """
        words, queries = self._encode(batch, queries)
        size = self.config.max_width
        return self.span_scorer.select(words, queries, size, batch.n_words, min_logits)

    def _encode(self, batch: RowBatch, queries: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return word vectors, and label vectors projected for the scorer.

        A uni-encoder reads the labels in the batch; a bi-encoder gets their vectors as `queries`.
        # (B, W, D), (B, C, D) or (C, D)
        """
        labels, words = self.vectors(batch)
        if queries is None:
            queries = self.prompt_projection(labels)
        return words, check_vectors(queries, "labels")


class UniEncoderSpan(SpanNetwork):
    """Labels and text in one sequence; a label is the vector of its marker token.

    GLiNER's class is `UniEncoderSpanModel` (gliner/modeling/base.py; Zaratiana et al. 2023).
    """


class UniEncoderToken(Network):
    """Scores words instead of spans, so entities have no maximum width.

    GLiNER's class is `UniEncoderTokenModel` (gliner/modeling/base.py).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.token_scorer = TokenScorer(config.hidden_size, config.dropout)

    def forward(self, batch: RowBatch) -> Tensor:
        """Compute logits of start, end and inside. # (B, W, C, 3)"""
        labels, words = self.vectors(batch)
        scores: Tensor = self.token_scorer(words, labels)
        return scores


class BiEncoderSpan(SpanNetwork):
    """Encodes labels with a separate encoder: their vectors do not depend on the text.

    GLiNER's class is `BiEncoderSpanModel` (gliner/modeling/base.py). It builds an LSTM, but never
    runs it, so the LSTM's weights are not read here.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.labels_encoder = build_encoder(config.labels_encoder_config)
        self.labels_projection = _projection(
            encoder_width(config.labels_encoder_config), config.hidden_size
        )

    def encode_labels(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute label vectors: the mean over all subtokens, CLS and SEP included, then projected
        for the scorer.

        input_ids, attention_mask (Tensor): # (C, S)
        RETURNS (Tensor): # (C, D)
        RAISES (ValueError): If a vector is not finite.
        """
        mean = mean_state(self.labels_encoder, input_ids, attention_mask)
        # Projecting the mean equals the mean of the projections, with C rows instead of C * S.
        queries: Tensor = self.prompt_projection(self.labels_projection(mean))
        return queries


def mean_state(encoder: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return the mean state over all subtokens, CLS and SEP included.

    encoder (nn.Module): A text or label encoder.
    input_ids, attention_mask (Tensor): # (B, S)
    RETURNS (Tensor): # (B, H)
    RAISES (ValueError): If it is not finite.
    """
    states = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    weights = attention_mask.unsqueeze(-1).to(states.dtype)
    mean: Tensor = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return check_vectors(mean, "names")


def build_network(config: NetworkConfig) -> Network:
    """Build the network that a config describes.

    config (NetworkConfig): The checkpoint's.
    RETURNS (Network): The network; its weights are not loaded yet.
    """
    kinds = {"uni_span": UniEncoderSpan, "uni_token": UniEncoderToken, "bi_span": BiEncoderSpan}
    network: Network = kinds[config.kind](config)
    return network.to(torch.float32)


def _projection(width_in: int, width_out: int) -> nn.Module:
    return nn.Identity() if width_in == width_out else Linear(width_in, width_out)
