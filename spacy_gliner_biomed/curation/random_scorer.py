"""Scores documents at random, as the control for every other scorer."""

import random
from collections.abc import Iterable, Iterator

from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.training.corpora import AnnotatedText


def make_random_scorer(seed: int = 0) -> Scorer:
    """Return a scorer that scores at random: `spacy-gliner-biomed.RandomScorer.v1`.

    seed (int): Random seed.
    RETURNS (Scorer): The scorer; it gives the same scores in each run.
    """

    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        rng = random.Random(seed)
        for _ in texts:
            yield Score(rng.random())

    return score
