"""Score every word against every label, as the start, the end or the inside of an entity."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_gliner_biomed.nn.derived import DerivedWeights
from spacy_gliner_biomed.nn.dropout import Dropout
from spacy_gliner_biomed.nn.linear import Linear, compute_dtype, in_inference, prepare, product


class TokenScorer(nn.Module):
    """GLiNER's token scorer (gliner/modeling/scorers.py, `Scorer`), factorised exactly.

    Published form: MLP([t0; l0; t1 * l1]) for every pair of a word and a label. The first Linear is
    split into three, so its parts for the word and for the label are computed only once.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.proj_token = Linear(width, 2 * width)
        self.proj_label = Linear(width, 2 * width)
        self.out_mlp = nn.Sequential(
            Linear(3 * width, 4 * width),
            Dropout(dropout),
            nn.ReLU(),
            Linear(4 * width, 3),
        )
        self.derived = DerivedWeights()

    def forward(self, words: Tensor, labels: Tensor) -> Tensor:
        """Score all words.

        words (Tensor): Word vectors. # (B, W, D)
        labels (Tensor): Label vectors, for each row or shared. # (B, C, D) or (C, D)
        RETURNS (Tensor): Logits of start, end and inside. # (B, W, C, 3)
        """
        labels = labels if labels.dim() == 3 else labels[None]
        hidden, dropout, _, output = self.out_mlp
        assert isinstance(hidden, nn.Linear)
        to_word, to_label, _ = hidden.weight.split(self.width, dim=1)  # each (4D, D)
        word, word_gate = self.proj_token(words).chunk(2, dim=-1)  # (B, W, D)
        label, label_gate = self.proj_label(labels).chunk(2, dim=-1)  # (B, C, D)
        word = F.linear(word, to_word, hidden.bias)  # (B, W, 4D)
        label = F.linear(label, to_label)  # (B, C, 4D)
        logits = []
        for c in range(labels.size(1)):  # one label at a time, to avoid a (W, C, 4D) tensor
            both = self._of_both(word_gate * label_gate[:, c, None])
            logits.append(output(dropout(word + label[:, c, None] + both).relu()))
        return torch.stack(logits, dim=2)

    def _of_both(self, both: Tensor) -> Tensor:
        """Apply the third part of the first Linear to word times label. # (.., D) -> (.., 4D)"""
        hidden = self.out_mlp[0]
        assert isinstance(hidden, Linear)
        weight = hidden.weight
        part = weight[:, 2 * self.width :]
        if not in_inference(both):
            return F.linear(both, part)
        dtype = compute_dtype(both)
        part, _ = self.derived.get([weight], dtype, lambda: prepare(part, None, dtype))
        return product(both.to(dtype), part, None)
