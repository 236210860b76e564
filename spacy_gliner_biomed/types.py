"""The values that cross folder borders.

Axis letters in the whole package:
B rows (windows), S subtokens, W words, K span widths, C labels, R relations, P pairs of spans,
H encoder width, D scorer width. Others, such as N and T, are explained where they occur.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

# The requested precision; "auto" is bfloat16 where the machine is faster in it, otherwise float32.
Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class LabelSpec:
    """One label: what is written on the Doc, what the model reads, its own threshold.

    label (str): The label of the found spans.
    prompt (str): The words that the model reads.
    threshold (float | None): Overrides the component's threshold for this label.
    """

    label: str
    prompt: str
    threshold: float | None = None


@dataclass(frozen=True)
class WordOffsets:
    """The words of a text as character offsets, end exclusive.

    starts (IntArray): First character of each word. # (W,)
    ends (IntArray): One past the last character of each word. # (W,)
    """

    starts: IntArray
    ends: IntArray

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Row:
    """One window of one text with one group of labels: all that the network sees.

    input_ids (IntArray): Prompt and text, with the tokenizer's special tokens. # (S,)
    word_positions (IntArray): Subtoken that stands for each word; -1 for a word that has
        no subtoken, whose vector is then zero. # (W,)
    word_lengths (IntArray): Subtokens of each word. # (W,)
    label_positions (IntArray): Subtoken that stands for each label; empty for a
        bi-encoder. # (C,)
    prompts (Sequence[str]): The prompts of the labels, in order; rows that ask for the same
        labels share them. # (C,)
    relation_positions (IntArray | None): Subtoken that stands for each relation; None if no
        relations are asked for. # (R,)
    """

    input_ids: IntArray
    word_positions: IntArray
    word_lengths: IntArray
    label_positions: IntArray
    prompts: Sequence[str]
    relation_positions: IntArray | None = None

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True)
class SpanLogits:
    """The selected spans of a row, as parallel arrays. # (N,)

    starts, ends (IntArray): First word, and one past the last word.
    logits (FloatArray): The span's logits for all labels. # (N, C)
    token_logits (FloatArray | None): Of a token model, the smallest logit of the span's words;
        minus infinity for labels that did not find it. None of a span model. # (N, C)
    """

    starts: IntArray
    ends: IntArray
    logits: FloatArray
    token_logits: FloatArray | None = None


@dataclass(frozen=True)
class PairLogits:
    """The selected pairs of a row's selected spans, as parallel arrays. # (P,)

    heads, tails (IntArray): Indices of the spans.
    logits (FloatArray): The pair's logits for all relations. # (P, R)
    """

    heads: IntArray
    tails: IntArray
    logits: FloatArray


@dataclass(frozen=True)
class SpanPairs:
    """The spans of a row, and the pairs of them, whose relations are learned. # (E,), (P,)

    starts, ends (IntArray): First word, and one past the last word; each span once, in order.
    repeats (IntArray): How often each span counts; more than once in a token model, if it has
        several labels.
    heads, tails (IntArray): Indices of the spans.
    """

    starts: IntArray
    ends: IntArray
    repeats: IntArray
    heads: IntArray
    tails: IntArray


@dataclass(frozen=True)
class RelatedLogits:
    """What a network with relations computes of a row in training, or the gradient of it.

    entities (FloatArray): Logits of spans (W, K, C) or of tokens (W, C, 3).
    related (FloatArray | None): The probability that two spans are related; None if the network has
        none, or the row has no pairs. # (E, E)
    pairs (FloatArray): Logits of the pairs for all relations. # (P, R)
    """

    entities: FloatArray
    related: FloatArray | None
    pairs: FloatArray


@dataclass(frozen=True)
class Candidates:
    """Spans of words that passed their threshold, as parallel arrays. # (N,)

    starts, ends (IntArray): First word, and one past the last word.
    labels (IntArray): Index of the label.
    scores (FloatArray): Probability.
    """

    starts: IntArray
    ends: IntArray
    labels: IntArray
    scores: FloatArray

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, which: NDArray[np.intp] | BoolArray) -> "Candidates":
        """Return the candidates that an index or mask array selects, in its order."""
        return Candidates(
            self.starts[which], self.ends[which], self.labels[which], self.scores[which]
        )

    @classmethod
    def join(cls, parts: "Sequence[Candidates]") -> "Candidates":
        """Return the candidates of several windows or label groups as one."""
        if not parts:
            none = np.zeros(0, dtype=np.int32)
            return cls(none, none, none, np.zeros(0, dtype=np.float32))
        return cls(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )


@dataclass(frozen=True)
class ScoredSpan:
    """An entity in a text, before it is written on a Doc.

    start, end (int): Characters of the text, end exclusive.
    label (str): Its label.
    score (float): Its probability.
    """

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True)
class ScoredRelation:
    """A relation in a text, before it is written on a Doc.

    head, tail (ScoredSpan): Its ends, which are entities of the same text.
    label (str): Its label.
    score (float): Its probability.
    """

    head: ScoredSpan
    tail: ScoredSpan
    label: str
    score: float


@dataclass
class Prediction:
    """What `predict` returns for one Doc: the entities of its text and what it took.

    spans (list[ScoredSpan]): In order of their start; equal starts by score.
    counts (dict[str, int]): Additions to the component's stats.
    relations (list[ScoredRelation]): In order of their ends.
    """

    spans: list[ScoredSpan] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    relations: list[ScoredRelation] = field(default_factory=list)
