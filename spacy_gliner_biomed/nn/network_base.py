"""What all networks share: rows as tensors, and the vectors of their words and labels.

The input has the positions of labels and words, so networks never search tensors for markers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.context_encoders import ContextEncoder
from spacy_gliner_biomed.nn.cross_fusion import CrossFuser
from spacy_gliner_biomed.nn.encoder import build_encoder, encoder_width, read_states
from spacy_gliner_biomed.nn.finite import check_vectors
from spacy_gliner_biomed.nn.layers import WordLSTM
from spacy_gliner_biomed.nn.linear import Linear
from spacy_gliner_biomed.nn.word_pooling import pool_words, positions_to_read


@dataclass(frozen=True)
class RowBatch:
    """Rows as padded tensors.

    input_ids, attention_mask (Tensor): # (B, S)
    word_positions (Tensor): Index of each word's first subtoken; -1 for padding and for words
        without subtokens. # (B, W)
    word_lengths (Tensor): Subtokens of each word. # (B, W)
    label_positions (Tensor): Index of each label's subtoken; -1 for padding. # (B, C)
    n_words, n_labels (Tensor): Words and labels of each row, on the CPU. # (B,)
    relation_positions (Tensor | None): Index of each relation's subtoken; all rows have the same
        number of relations. None without relations. # (B, R)
    """

    input_ids: Tensor
    attention_mask: Tensor
    word_positions: Tensor
    word_lengths: Tensor
    label_positions: Tensor
    n_words: Tensor
    n_labels: Tensor
    relation_positions: Tensor | None = None


class Network(nn.Module):
    """The parts of all networks: text encoder, projection to the scorer's width, optional LSTM."""

    cross_fuser: CrossFuser | None  # of some bi-encoders

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden_size
        self.encoder = build_encoder(config.encoder_config)
        self.projection = projection(encoder_width(config.encoder_config), width)
        self.lstm = WordLSTM(width, config.num_rnn_layers) if config.num_rnn_layers else None
        self.context_encoder = ContextEncoder(config) if config.span_encoder_config else None
        self.precomputed_prompts = _stored(len(config.precomputed_labels), width)
        self.cross_fuser = None

    def vectors(self, batch: RowBatch) -> tuple[Tensor, Tensor]:
        """Compute the vectors of labels and words, in the scorer's width.

        batch (RowBatch): The rows.
        RETURNS (tuple[Tensor, Tensor]): The vectors of labels and of words; zeros at position -1.
            # (B, C, D), (B, W, D)
        RAISES (ValueError): If a vector is not finite, which later layers would hide.
        """
        pooling = self.config.subtoken_pooling
        of_words = positions_to_read(batch.word_positions, batch.word_lengths, pooling)
        positions = torch.cat([batch.label_positions, of_words], dim=1)
        states = read_states(self.encoder, batch.input_ids, batch.attention_mask, positions)
        vectors = self.projection(states) * (positions >= 0).unsqueeze(-1)
        check_vectors(vectors, "labels and words")
        n_labels = batch.label_positions.size(1)
        words = pool_words(vectors[:, n_labels:], batch.word_lengths, pooling)
        if self.lstm is not None:
            words = check_vectors(self.lstm(words, batch.n_words), "words")
        return vectors[:, :n_labels], words

    def queries(self, labels: Tensor) -> Tensor:
        """Return what words or spans are compared with: the labels as they are, by default.
        # (.., C, D)
        """
        return labels

    def stored_queries(self, columns: Tensor) -> Tensor:
        """Return the queries of some of the labels that the checkpoint stores. # (C,) -> (C, D)"""
        assert self.precomputed_prompts is not None
        return self.queries(self.precomputed_prompts[columns])

    def encode(self, batch: RowBatch, queries: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return word vectors and queries.

        batch (RowBatch): The rows.
        queries (Tensor | None): None for a uni-encoder, whose labels are in the batch. Of a
            bi-encoder with a fuser, these are the labels' vectors. # (B, C, D) or (C, D)
        RETURNS (tuple[Tensor, Tensor]): # (B, W, D), (B, C, D) or (C, D)
        """
        labels, words = self.vectors(batch)
        if queries is None:
            queries = self.queries(labels)
        elif self.cross_fuser is not None:
            labels = queries.to(words.dtype).expand(len(words), -1, -1)
            words, labels = self.cross_fuser(words, labels, batch.n_words, batch.n_labels)
            queries = self.queries(labels)
        return words, check_vectors(queries, "labels")

    def in_context(self, words: Tensor, n_words: Tensor) -> Tensor:
        """Return the words as the span layer reads them. # (B, W, D)"""
        if self.context_encoder is None:
            return words
        return check_vectors(self.context_encoder(words, n_words), "words")


def projection(width_in: int, width_out: int) -> nn.Module:
    """Return a projection between widths, which does nothing if they are equal."""
    return nn.Identity() if width_in == width_out else Linear(width_in, width_out)


def _stored(n_labels: int, width: int) -> nn.Parameter | None:
    """Return a parameter for stored label vectors, which is not trained. # (C, D)"""
    return nn.Parameter(torch.zeros(n_labels, width), requires_grad=False) if n_labels else None
