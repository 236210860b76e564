"""The sentences that the benchmarks of selection choose from, train on, and measure with."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.training.short_training import read_sentences, sample
from spacy_gliner_biomed.curation.random_scorer import make_random_scorer
from spacy_gliner_biomed.curation.selection import KEPT, Score, select
from spacy_gliner_biomed.training.corpora import AnnotatedText

CORPORA = ["ncbi_disease", "bc5cdr", "bc2gm"]
DEV = 300  # sentences by which the threshold is chosen
KEYS = ["corpus", "scorer", "ratio", "negatives", "seed"]  # of a run


def split_train(
    arguments: argparse.Namespace, corpus: str
) -> tuple[list[AnnotatedText], list[AnnotatedText]]:
    """Split the training sentences of a corpus, in the same way in each run.

    arguments (argparse.Namespace): The command line.
    corpus (str): The corpus.
    RETURNS (tuple[list[AnnotatedText], list[AnnotatedText]]): The pool to select from, and the
        other sentences.
    """
    texts = read_sentences(arguments.corpora, corpus, "train", arguments.exclude)
    texts = sample(texts, len(texts))
    return texts[: arguments.pool], texts[arguments.pool :]


def read_held_out(
    arguments: argparse.Namespace, corpus: str, n_dev: int = DEV
) -> tuple[list[AnnotatedText], list[AnnotatedText]]:
    """Read the sentences of a corpus that no run trains on.

    arguments (argparse.Namespace): The command line.
    corpus (str): The corpus.
    n_dev (int): Maximum number of dev sentences.
    RETURNS (tuple[list[AnnotatedText], list[AnnotatedText]]): Those of dev, and those of test.
    """
    dev = read_sentences(arguments.corpora, corpus, "dev", arguments.exclude)
    test = read_sentences(arguments.corpora, corpus, "test")
    return sample(dev, n_dev), sample(test, arguments.test)


def chosen(
    pool: Sequence[AnnotatedText],
    run: Mapping[str, Any],
    scores: Mapping[str, Sequence[tuple[float, str]]],
) -> list[AnnotatedText]:
    """Select the texts that a run trains on.

    pool (Sequence[AnnotatedText]): The sentences to select from.
    run (Mapping[str, Any]): The run's condition.
    scores (Mapping[str, Sequence[tuple[float, str]]]): Scores and reasons of the positives, by
        scorer.
    RETURNS (list[AnnotatedText]): The selected texts.
    """
    name = run["scorer"]

    def known(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        for _, (value, reason) in zip(texts, scores[name], strict=True):
            yield Score(value, reason)

    scorer = make_random_scorer(run["seed"]) if name in ("all", "random") else known
    decisions = select(pool, scorer, ratio=run["ratio"], negatives=run["negatives"])
    pairs = zip(pool, decisions, strict=True)
    return [text for text, decision in pairs if decision.outcome == KEPT]
