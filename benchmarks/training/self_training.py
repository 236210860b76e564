"""What a model gains from its own entities in text without labels: F1 before and after.

    python -m benchmarks.training.self_training --corpora FOLDER --exclude FILE [--checkpoint X]
        [--sources phee anatem ...] [--silver FILE]

The gold labels of the sources are ignored. Sentences that repeat or nearly repeat a test text, and
those with a doubtful entity, are left out. The threshold of a label is the lowest with a precision
of 90 % on dev, or else the one with the best F1. The model is then trained on this silver corpus
alone, and measured at the threshold that is best on dev.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.scorer import PRFScore
from spacy.tokens import DocBin

from benchmarks.accuracy.evaluation import GRID, evaluate, make_nlp
from benchmarks.common import make_parser, markdown
from benchmarks.training.short_training import (
    KEY,
    Learner,
    Results,
    add_short_arguments,
    as_many_negatives,
    endless,
    mean_and_deviation,
    measure,
    read_sentences,
    sample,
)
from spacy_gliner_biomed.curation.duplicates import NearDuplicates
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc

TARGETS = ["ncbi_disease", "bc5cdr", "bc2gm"]
SOURCES = ["phee", "anatem", "ex_ptm", "bionlp09"]
RATE = 5e-5  # low, since the model is trained already
PRECISION = 0.9
COSINE = 0.9  # similarity of near-duplicates
DOUBT = 0.2  # a sentence with a score between this and its label's threshold is left out
KEYS = ["corpus", "stage", "seed"]


def find_thresholds(
    nlp: spacy.Language, dev: Mapping[str, Sequence[AnnotatedText]]
) -> dict[str, float]:
    """Find a threshold for each label of the targets.

    nlp (spacy.Language): A pipeline with the component.
    dev (Mapping[str, Sequence[AnnotatedText]]): Dev texts of each target.
    RETURNS (dict[str, float]): Thresholds by label.
    """
    counts: dict[str, dict[float, PRFScore]] = {}
    for texts in dev.values():
        for label in texts[0].annotated or ():
            so_far = counts.setdefault(label, {threshold: PRFScore() for threshold in GRID})
            for threshold, (strict, _) in evaluate(nlp, texts, GRID, counted=[label]).items():
                so_far[threshold] += strict
    found = {}
    for label, scores in counts.items():
        good = [threshold for threshold in GRID if scores[threshold].precision >= PRECISION]
        found[label] = min(good, default=max(GRID, key=lambda value: scores[value].fscore))
    return found


def label_texts(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], thresholds: Mapping[str, float]
) -> list[AnnotatedText]:
    """Annotate texts with what the model finds, without those with a doubtful entity.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The texts.
    thresholds (Mapping[str, float]): Thresholds by label.
    RETURNS (list[AnnotatedText]): The silver texts.
    """
    component, labelled = nlp.get_pipe("gliner_biomed"), []
    for first in range(0, len(texts), 64):
        batch = texts[first : first + 64]
        docs = [nlp.make_doc(text.text) for text in batch]
        options = {"labels": list(thresholds), "threshold": min(DOUBT, *thresholds.values())}
        for text, prediction in zip(batch, component.predict(docs, **options), strict=True):
            if all(span.score > thresholds[span.label] for span in prediction.spans):
                spans = [(span.start, span.end, span.label) for span in prediction.spans]
                labelled.append(replace(text, spans=spans, annotated=sorted(thresholds)))
    return labelled


def read_sources(
    arguments: argparse.Namespace, tests: Mapping[str, Sequence[AnnotatedText]]
) -> list[AnnotatedText]:
    """Read the sentences of the sources that are no near-duplicate of a test sentence or another.

    arguments (argparse.Namespace): The command line.
    tests (Mapping[str, Sequence[AnnotatedText]]): Test sentences of each target.
    RETURNS (list[AnnotatedText]): The sentences.
    """
    texts = [
        text
        for name in arguments.sources
        for text in read_sentences(arguments.corpora, name, "train", arguments.exclude)
    ]
    texts = sample(texts, arguments.sentences)
    against = [text.text for test in tests.values() for text in test]
    finder = NearDuplicates(COSINE)
    finder.add([*against, *(text.text for text in texts)])
    firsts = enumerate(finder.find().tolist())
    is_new = [number == first for number, first in firsts][len(against) :]
    return [text for text, new in zip(texts, is_new, strict=True) if new]


def run_all(arguments: argparse.Namespace, results: Results) -> None:
    """Measure, annotate, and then train and measure for each seed.

    arguments (argparse.Namespace): The command line.
    results (Results): The file of results.
    """
    nlp = make_nlp(arguments.checkpoint, "auto")
    folder = arguments.corpora
    tests = {name: read_sentences(folder, name, "test") for name in TARGETS}
    dev = {}
    for name in TARGETS:
        held_out = read_sentences(folder, name, "dev", arguments.exclude)
        dev[name] = held_out[: max(len(held_out) // 10, 1)]  # the part that the recipe holds out
    sentences = read_sources(arguments, tests)
    tests = {name: sample(texts, arguments.test) for name, texts in tests.items()}
    for name in TARGETS:
        results.add({**_run(name, "before", 0), **measure(nlp, dev[name], tests[name])})
    thresholds = find_thresholds(nlp, dev)
    silver = as_many_negatives(label_texts(nlp, sentences, thresholds))
    print(f"thresholds {thresholds}; {len(sentences):,} sentences, {len(silver):,} for training")
    if arguments.silver:
        DocBin(docs=[gold_doc(nlp, text, KEY) for text in silver]).to_disk(arguments.silver)
    learner = Learner(nlp)
    for seed in range(arguments.seeds):
        learner.train((endless(silver, seed), arguments.steps), seed=seed, rate=RATE)
        for name in TARGETS:
            row = {**_run(name, "after", seed), "silver": len(silver), "thresholds": thresholds}
            results.add({**row, **measure(nlp, dev[name], tests[name])})


def _run(*values: Any) -> dict[str, Any]:
    return dict(zip(KEYS, values, strict=True))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Make a table of means and deviations over the seeds."""
    lines = []
    for corpus in TARGETS:
        stages = (
            [row["strict_f"] for row in rows if (row["corpus"], row["stage"]) == (corpus, stage)]
            for stage in ("before", "after")
        )
        lines.append([corpus, *map(mean_and_deviation, stages)])
    return markdown(["strict F1", "before", "after"], lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train and measure, print the table."""
    parser = make_parser(__doc__, corpora=False, checkpoint=True, output=False)
    add_short_arguments(parser, "self_training", steps=100)
    parser.add_argument("--sources", nargs="+", default=SOURCES)
    parser.add_argument(
        "--sentences", type=int, default=8000, help="maximum number, of the sources"
    )
    parser.add_argument("--silver", type=Path, help="write the silver corpus, a DocBin")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    arguments.output.unlink(missing_ok=True)  # one process does all runs
    results = Results(arguments, KEYS)
    run_all(arguments, results)
    print(table(results.rows()))


if __name__ == "__main__":
    main()
