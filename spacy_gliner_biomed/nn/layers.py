"""Layers that several networks share."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.linear import Activation, Linear


def inside_rows(counts: Tensor, vectors: Tensor) -> Tensor:
    """Return which vectors of each row are no padding.

    counts (Tensor): Vectors in each row, on any device. # (B,)
    vectors (Tensor): The vectors. # (B, N, D)
    RETURNS (Tensor): True for vectors, False for padding; on the vectors' device. # (B, N)
    """
    columns = torch.arange(vectors.size(1), device=vectors.device)
    return columns < counts.to(vectors.device)[:, None]


class ProjectionMLP(nn.Sequential):
    """GLiNER's projection layer: Linear, ReLU, Dropout, Linear.

    The hidden width is a multiple of the *output* width: four times, or twice for `marker`
    (GLiNER's `create_projection_layer`, gliner/modeling/layers.py).
    """

    def __init__(self, width_in: int, width_out: int, dropout: float, factor: int = 4) -> None:
        super().__init__(
            Linear(width_in, factor * width_out),
            nn.ReLU(),
            Dropout(dropout),
            Linear(factor * width_out, width_out),
        )

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """Apply the layers, and an activation. # (.., width_in) -> (.., width_out)"""
        hidden, dropout, output = self.parts()
        projected: Tensor = output(dropout(hidden(x, "relu")), activation)
        return projected

    def parts(self) -> tuple[Linear, nn.Module, Linear]:
        """Return the first Linear, the Dropout and the last Linear."""
        hidden, _, dropout, output = self
        assert isinstance(hidden, Linear)
        assert isinstance(output, Linear)
        return hidden, dropout, output


class WordLSTM(nn.LSTM):
    """LSTM over the words of each row (GLiNER's `LstmSeq2SeqEncoder` and `RNNContextEncoder`).

    width (int): Width of the input and of the output.
    n_layers (int): Number of layers.
    bidirectional (bool): Also run backwards; each direction then gives half of the output.
    dropout (float): Dropout rate between the layers.
    """

    def __init__(
        self, width: int, n_layers: int, *, bidirectional: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__(
            width,
            width // (2 if bidirectional else 1),
            num_layers=n_layers,
            bidirectional=bidirectional,
            batch_first=True,
        )
        self.between = Dropout(dropout)

    def forward(self, words: Tensor, n_words: Tensor) -> Tensor:  # type: ignore[override]
        """Run the LSTM over the words of each row; the output for padding is zero.

        words (Tensor): Word vectors. # (B, W, D)
        n_words (Tensor): Words in each row, on the CPU, each at least 1. # (B,)
        RETURNS (Tensor): # (B, W, D)
        """
        if words.device.type != "cpu":
            return self._packed(words, n_words)
        # oneDNN does not support packed sequences. But if the backward direction starts at the
        # row's own last word, padding cannot affect the words. This takes half of the time of
        # packed sequences, and a third with gradients.
        columns = torch.arange(words.size(1))
        mirrored = (n_words[:, None] - 1 - columns).clamp(min=0)  # (B, W)
        for layer in range(self.num_layers):
            words = self.between(words) if layer else words
            onwards = self._run(words, f"l{layer}")
            if not self.bidirectional:
                words = onwards
                continue
            turned = self._run(pick_by_row(words, mirrored), f"l{layer}_reverse")
            back = pick_by_row(turned, mirrored)
            words = torch.cat([onwards, back], dim=-1)
        return words * (columns < n_words[:, None]).unsqueeze(-1)

    def _run(self, words: Tensor, name: str) -> Tensor:
        """Run one direction of one layer, from each row's first column.
        # (B, W, D) -> (B, W, D/2)
        """
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        parameters = [getattr(self, f"{kind}_{name}") for kind in kinds]
        state = words.new_zeros(1, len(words), self.hidden_size)
        training = torch.is_grad_enabled()
        output: Tensor = torch.lstm(
            words, (state, state), parameters, True, 1, 0.0, training, False, True
        )[0]
        return output

    def _packed(self, words: Tensor, n_words: Tensor) -> Tensor:
        # `set_dropout` has set the rate. A single layer needs none, and cuDNN would draw a random
        # number for it after each restored state, so that a resumed training would differ.
        self.dropout = self.between.p if self.num_layers > 1 else 0.0
        packed = pack_padded_sequence(words, n_words, batch_first=True, enforce_sorted=False)
        output, _ = super().forward(packed)
        unpacked, _ = pad_packed_sequence(output, batch_first=True, total_length=words.size(1))
        return unpacked


def pick(vectors: Tensor, index: Tensor) -> Tensor:
    """Select vectors.

    `index_select` copies whole rows: it takes a tenth of the time of `gather`, a third of that of
    indexing, and two thirds in the backward pass.

    vectors (Tensor): # (T, D)
    index (Tensor): # (..)
    RETURNS (Tensor): # (.., D)
    """
    return vectors.index_select(0, index.flatten()).view(*index.shape, vectors.size(-1))


def pick_by_row(vectors: Tensor, index: Tensor) -> Tensor:
    """Select vectors within each row. # (B, N, D), (B, M) -> (B, M, D)"""
    n_rows, size, _ = vectors.shape
    first = torch.arange(n_rows, device=index.device)[:, None] * size
    return pick(vectors.flatten(0, 1), index + first)


def gather_vectors(states: Tensor, positions: Tensor) -> Tensor:
    """Return the states at some positions of each row; a zero vector for position -1.

    states (Tensor): Output of an encoder. # (B, S, D)
    positions (Tensor): Index into S, or -1. # (B, N)
    RETURNS (Tensor): # (B, N, D)
    """
    vectors = pick_by_row(states, positions.clamp(min=0))
    return vectors * (positions >= 0).unsqueeze(-1)
