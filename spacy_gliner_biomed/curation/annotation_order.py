"""Orders documents for annotation: those of which a model is unsure, and that cover the others."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spacy_gliner_biomed.curation.selection import Scores
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.types import BoolArray, FloatArray, ScoredSpan

FLOOR = 0.02  # a span with a lower score says little: less than 0.15 bit
MIN_WORDS = 20  # a shorter text counts as so many words, so that one span does not decide
DIGITS = 6  # of uncertainty and gain: further digits depend on the order of additions


@dataclass(frozen=True)
class OrderSettings:
    """How the documents to annotate next are chosen.

    count (int): Number of documents.
    uncertainty (float): Weight of the model's uncertainty.
    coverage (float): Weight of what a document adds to the coverage of the pool.
    sample (int): Number of random documents that stand for the pool, and of most uncertain ones
        that are kept as candidates, of which there are at least `count`.
    seed (int): Seed of the random documents.
    RAISES (ValueError): If a value is not allowed, or both weights are 0.
    """

    count: int = 20
    uncertainty: float = 1.0
    coverage: float = 1.0
    sample: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("count", "sample"):
            if (found := getattr(self, name)) < 1:
                allowed = "a whole number of at least 1"
                raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=found))
        for name in ("uncertainty", "coverage"):
            if not 0 <= (found := getattr(self, name)) < float("inf"):
                allowed = "a number from 0"
                raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=found))
        if self.uncertainty == self.coverage == 0:
            raise ValueError(Errors.E342)


@dataclass
class Candidate:
    """A document that may be proposed.

    key (int): Its random number, which depends on its text and the seed only.
    source (Any): The document, as it was read.
    uncertainty (float): See `uncertainty_of`.
    vector (FloatArray | None): Its vector with length 1; None if coverage does not count. # (D,)
    """

    key: int
    source: Any
    uncertainty: float
    vector: FloatArray | None


@dataclass(frozen=True)
class Proposal:
    """A document to annotate.

    candidate (Candidate): The document.
    gain (float): What it adds to the mean similarity of the pool to its nearest document that is
        annotated or proposed before it.
    """

    candidate: Candidate
    gain: float


def uncertainty_of(spans: Sequence[ScoredSpan], n_words: int) -> float:
    """Return the entropy of a model's decisions about the spans of a text, in bits a word.

    spans (Sequence[ScoredSpan]): What the model finds with a threshold of `FLOOR`.
    n_words (int): Number of words of the text; see `MIN_WORDS`.
    RETURNS (float): 0 if the model is sure.
    """
    scores = np.clip([span.score for span in spans], 1e-9, 1 - 1e-9)
    bits = -(scores * np.log2(scores) + (1 - scores) * np.log2(1 - scores))
    return round(float(bits.sum()) / max(n_words, MIN_WORDS), DIGITS)


@dataclass
class BestCandidates:
    """Keeps the best candidates, each text once, in memory that does not grow with the pool.

    limit (int): How many.
    """

    limit: int
    heap: list[tuple[float, int, Candidate]] = field(default_factory=list)
    keys: set[int] = field(default_factory=set)

    def offer(self, rank: float, candidate: Candidate) -> None:
        """Keep a candidate if it is among the best; of equal ones, the one with the greater key.

        rank (float): What to compare.
        candidate (Candidate): The candidate, which is no repeat of one that is kept.
        """
        if len(self.heap) == self.limit and (rank, candidate.key) <= self.heap[0][:2]:
            return
        self.keys.add(candidate.key)
        heapq.heappush(self.heap, (rank, candidate.key, candidate))
        if len(self.heap) > self.limit:
            self.keys.discard(heapq.heappop(self.heap)[1])

    def __iter__(self) -> Iterator[Candidate]:
        """Iterate over the candidates in the order of their keys, whatever the order of arrival."""
        return iter(sorted((each for *_, each in self.heap), key=lambda each: each.key))


def propose(
    candidates: Sequence[Candidate],
    pool: FloatArray,
    covered: FloatArray,
    settings: OrderSettings,
) -> list[Proposal]:
    """Choose the documents to annotate, the first first.

    Each step takes the greatest weighted sum of uncertainty and gain in coverage, both divided by
    their greatest value among the documents that are left. The gain is that of facility location.

    candidates (Sequence[Candidate]): The documents, each once.
    pool (FloatArray): Vectors that stand for the pool. # (P, D)
    covered (FloatArray): Similarity of each of them to the nearest annotated document, 0 to 1.
        It is changed. # (P,)
    settings (OrderSettings): The weights, and how many.
    RETURNS (list[Proposal]): The documents.
    """
    unsure = np.array([each.uncertainty for each in candidates])
    similar = _similarities(candidates, pool)  # (N, P)
    left = np.ones(len(candidates), dtype=bool)
    found: list[Proposal] = []
    while len(found) < settings.count and left.any():
        gains = np.zeros(len(candidates))
        if settings.coverage:
            gains[left] = np.maximum(similar[left] - covered, 0.0).mean(axis=1)
            gains = gains.round(DIGITS)
        total = settings.uncertainty * _scaled(unsure, left)
        total += settings.coverage * _scaled(gains, left)
        best = int(np.where(left, total, -1.0).argmax())
        left[best] = False
        np.maximum(covered, similar[best], out=covered)
        found.append(Proposal(candidates[best], float(gains[best])))
    return found


def _similarities(candidates: Sequence[Candidate], pool: FloatArray) -> FloatArray:
    """Return the similarities of documents to the pool; of none if coverage does not count."""
    vectors = [each.vector for each in candidates if each.vector is not None]
    return np.stack(vectors) @ pool.T if vectors else np.zeros((len(candidates), 0), np.float32)


def _scaled(values: Scores, left: BoolArray) -> Scores:
    """Divide values by the greatest of those that are left."""
    greatest = values[left].max()
    return values / greatest if greatest > 0 else np.zeros_like(values)
