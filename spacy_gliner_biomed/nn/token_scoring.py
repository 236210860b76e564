"""Scores of every word against every label as the start, end or inside of an entity."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TokenScorer(nn.Module):
    """GLiNER's token scorer (gliner/modeling/scorers.py, `Scorer`), factorised exactly.

    Published form: MLP([t0; l0; t1 * l1]) for every pair of a word and a label. The first
    Linear is split in three, so the parts of the word and of the label are computed once.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.proj_token = nn.Linear(width, 2 * width)
        self.proj_label = nn.Linear(width, 2 * width)
        self.out_mlp = nn.Sequential(
            nn.Linear(3 * width, 4 * width),
            nn.Dropout(dropout),
            nn.ReLU(),
            nn.Linear(4 * width, 3),
        )

    def forward(self, words: Tensor, labels: Tensor) -> Tensor:
        """Score all words.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors. # (B, C, D)
        RETURNS (Tensor): Logits of start, end and inside. # (B, W, C, 3)
        """
        hidden, dropout, _, output = self.out_mlp
        assert isinstance(hidden, nn.Linear)
        to_word, to_label, to_both = hidden.weight.split(self.width, dim=1)  # each (4D, D)
        word, word_gate = self.proj_token(words).chunk(2, dim=-1)  # (B, W, D)
        label, label_gate = self.proj_label(labels).chunk(2, dim=-1)  # (B, C, D)
        word = F.linear(word, to_word, hidden.bias)  # (B, W, 4D)
        label = F.linear(label, to_label)  # (B, C, 4D)
        logits = []
        for c in range(labels.size(1)):  # one label at a time: no (W, C, 4D) tensor
            both = F.linear(word_gate * label_gate[:, c, None], to_both)
            logits.append(output(dropout(word + label[:, c, None] + both).relu()))
        return torch.stack(logits, dim=2)
