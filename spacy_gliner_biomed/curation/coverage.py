"""Scores how well documents represent all others: facility location over encoder vectors."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.curation.difficulty import BATCH, make_component
from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.row_making import row_maker
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.types import FloatArray

PROMPT = "entity"  # a row needs a label; with one for all, vectors differ only by text


def make_coverage_scorer(
    checkpoint: str = "packaged",
    precision: str = "float32",
    sample: int = 16,
    block: int = 10_000,
    seed: int = 0,
) -> Scorer:
    """Return a scorer by the order in which facility location selects documents:
    `spacy-gliner-biomed.CoverageScorer.v1`.

    checkpoint (str): The network whose encoder is used, as in the architecture `GLiNER.v1`.
    precision (str): Precision of the network, as in the component.
    sample (int): Number of random documents from which each step selects the best (stochastic
        greedy, Mirzasoleiman et al. 2015).
    block (int): Number of documents that compete with each other. A corpus is split into blocks,
        in its order; in each, scores fall from 1 to 0. A block takes
        block * (4 * D + 4 * sample) bytes, and time that grows with its square.
    seed (int): Random seed of the samples.
    RETURNS (Scorer): The scorer.
    RAISES (ValueError): If `sample` or `block` is below 1.
    """
    for name, value in (("sample", sample), ("block", block)):
        if value < 1:
            allowed = "a whole number of at least 1"
            raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=value))

    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        component = make_component(checkpoint, precision)
        stream = iter(texts)
        while vectors := _block_vectors(component, islice(stream, block)):
            order = facility_location(np.concatenate(vectors), sample=sample, seed=seed)
            values = np.empty(len(order))
            values[order] = np.linspace(1.0, 0.0, num=len(order))
            yield from (Score(float(value)) for value in values)

    return score


def _block_vectors(component: GlinerBiomed, texts: Iterator[AnnotatedText]) -> list[FloatArray]:
    """Return the vectors of one block, in batches. # (N, D) each"""
    return [text_vectors(component, batch) for batch in batches(texts, BATCH)]


def text_vectors(component: GlinerBiomed, texts: Sequence[AnnotatedText]) -> FloatArray:
    """Return the mean word vector of each text, with length 1; 0 without words. # (N, D)"""
    settings = component.settings()
    make = row_maker(component.model, settings, lambda *_: [(PROMPT, PROMPT)])
    rows, owners = [], []
    for i, text in enumerate(texts):
        made = make(text.text, Gold((), ()), ())
        rows += [row.row for row in made]
        owners += [i] * len(made)
    width = network_shim(component.model).checkpoint.config.hidden_size
    vectors = np.zeros((len(texts), width), dtype=np.float32)
    for batch in length_batches([len(row) for row in rows], settings.batch_subtokens):
        embedded = network_shim(component.model).embed([rows[i] for i in batch])
        for i, vector in zip(batch, embedded, strict=True):
            vectors[owners[i]] += len(rows[i].word_positions) * vector
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=vectors, where=norms > 0)


def facility_location(vectors: FloatArray, *, sample: int, seed: int) -> list[int]:
    """Order documents so that each next one, out of a random sample, adds most to the similarity of
    all documents to their nearest selected document.

    vectors (FloatArray): Document vectors of length 1. # (N, D)
    sample (int): Number of documents in a sample.
    seed (int): Random seed.
    RETURNS (list[int]): Indices of documents, the first selected first.
    """
    rng = np.random.default_rng(seed)
    left = rng.permutation(len(vectors))
    nearest = np.full(len(vectors), -1.0, dtype=np.float32)
    order: list[int] = []
    while len(left):
        sampled = rng.choice(len(left), size=min(sample, len(left)), replace=False)
        similar = vectors[left[sampled]] @ vectors.T
        gains = np.maximum(similar - nearest, 0.0).sum(axis=1)
        best = int(gains.argmax())
        nearest = np.maximum(nearest, similar[best])
        order.append(int(left[sampled[best]]))
        left[sampled[best]] = left[-1]
        left = left[:-1]
    return order
