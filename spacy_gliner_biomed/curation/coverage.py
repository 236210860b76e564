"""Documents that stand for all others: facility location over the encoder's vectors."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from spacy_gliner_biomed.curation.difficulty import BATCH, make_component
from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.prediction import row_maker
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.types import FloatArray

PROMPT = "entity"  # a row needs a label; one for all, so that vectors differ by text alone


def make_coverage_scorer(
    checkpoint: str = "packaged",
    precision: str = "float32",
    sample: int = 16,
    block: int = 10_000,
    seed: int = 0,
) -> Scorer:
    """Scores by the order in which facility location takes documents, registered as
    `spacy-gliner-biomed.CoverageScorer.v1`.

    checkpoint (str), precision (str): The network whose encoder is used.
    sample (int): Documents of which the best is taken at each step (stochastic greedy,
        Mirzasoleiman et al. 2015).
    block (int): Documents that compete with each other: a corpus is taken in blocks of this
        many, in its order, and in each the first has 1 and the last 0. It bounds memory, to
        block * (4 * D + 4 * sample) bytes, and time, which grows with the square of a block.
    seed (int): Of the samples.
    RAISES (ValueError): For numbers that are not allowed.
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
    """Vectors in batches. # (N, D) each"""
    parts = []
    while batch := list(islice(texts, BATCH)):
        parts.append(text_vectors(component, batch))
    return parts


def text_vectors(component: GlinerBiomed, texts: Sequence[AnnotatedText]) -> FloatArray:
    """Mean word vectors of texts, of unit length; zeros for a text without words. # (N, D)"""
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
    """An order of documents in which each next one, of a sample, adds most to how similar all
    documents are to the nearest of those taken.

    vectors (FloatArray): Of unit length. # (N, D)
    """
    rng = np.random.default_rng(seed)
    left = rng.permutation(len(vectors))
    nearest = np.full(len(vectors), -1.0, dtype=np.float32)
    order: list[int] = []
    while len(left):
        places = rng.choice(len(left), size=min(sample, len(left)), replace=False)
        similar = vectors[left[places]] @ vectors.T
        gains = np.maximum(similar - nearest, 0.0).sum(axis=1)
        best = int(gains.argmax())
        nearest = np.maximum(nearest, similar[best])
        order.append(int(left[places[best]]))
        left[places[best]] = left[-1]
        left = left[:-1]
    return order
