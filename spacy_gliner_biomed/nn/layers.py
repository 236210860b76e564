"""Layers that several networks share."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from spacy_gliner_biomed.nn.linear import Linear


class ProjectionMLP(nn.Sequential):
    """GLiNER's projection layer: Linear, ReLU, Dropout, Linear.

    The hidden width is four times the width that goes *out*
    (upstream `create_projection_layer`, gliner/modeling/layers.py); `marker` has two times.
    """

    def __init__(self, width_in: int, width_out: int, dropout: float, factor: int = 4) -> None:
        super().__init__(
            Linear(width_in, factor * width_out),
            nn.ReLU(),
            nn.Dropout(dropout),
            Linear(factor * width_out, width_out),
        )

    def parts(self) -> tuple[Linear, nn.Module, Linear]:
        """First Linear, Dropout, last Linear."""
        hidden, _, dropout, output = self
        assert isinstance(hidden, Linear)
        assert isinstance(output, Linear)
        return hidden, dropout, output


class WordLSTM(nn.LSTM):
    """Bidirectional LSTM over the words of each row (upstream `LstmSeq2SeqEncoder`)."""

    def __init__(self, width: int, n_layers: int) -> None:
        super().__init__(
            width, width // 2, num_layers=n_layers, bidirectional=True, batch_first=True
        )

    def forward(self, words: Tensor, n_words: Tensor) -> Tensor:  # type: ignore[override]
        """Run over the true words only; what is beyond them comes out as zeros.

        words (Tensor): Word vectors. # (B, W, D)
        n_words (Tensor): Words in each row, on the CPU, each at least 1. # (B,)
        RETURNS (Tensor): # (B, W, D)
        """
        packed = pack_padded_sequence(words, n_words, batch_first=True, enforce_sorted=False)
        output, _ = super().forward(packed)
        unpacked, _ = pad_packed_sequence(output, batch_first=True, total_length=words.size(1))
        return unpacked


def gather_vectors(states: Tensor, positions: Tensor) -> Tensor:
    """The states at the positions; a position of -1 gives a zero vector.

    states (Tensor): Encoder output. # (B, S, D)
    positions (Tensor): Index into S, or -1. # (B, N)
    RETURNS (Tensor): # (B, N, D)
    """
    rows = torch.arange(states.size(0), device=states.device)[:, None]
    vectors = states[rows, positions.clamp(min=0)]
    return vectors * (positions >= 0).unsqueeze(-1)
