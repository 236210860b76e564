"""Scorers of documents that need no model: chance, the control of every other."""

import random
from collections.abc import Iterable, Iterator

from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.training.corpora import AnnotatedText


def make_random_scorer(seed: int = 0) -> Scorer:
    """Scores by chance, registered as `spacy-gliner-biomed.RandomScorer.v1`.

    seed (int): Of the choice, the same in each run.
    """

    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        rng = random.Random(seed)
        for _ in texts:
            yield Score(rng.random())

    return score
