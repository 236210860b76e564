"""Learning curves: F1 after training on the first documents of `curate next`, and at random.

    python -m benchmarks.curation.annotation_order run --corpora FOLDER [--checkpoint X]
        [--names psytar agri_ner] [--orders random both] [--sentences] [--exclude FILE]
        [--worker 1/2 --threads 1] --output FILE
    python -m benchmarks.curation.annotation_order table --output FILE

For each seed, a pool of random documents of the training split. A round proposes documents with
the model that was trained in the round before, takes their gold entities, and trains from the first
weights on all documents so far. Each row of the results is one curve; `run` continues where it was
interrupted. With `--sentences`, each sentence is a document. The last columns of the table are
differences to the random order, paired by seed and averaged over the corpora, with 95 % confidence
intervals. The threshold is 0.5, since twenty documents leave none to choose it by.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
import torch

from benchmarks.accuracy.evaluation import MERGED, evaluate, make_nlp
from benchmarks.common import make_parser, markdown
from benchmarks.curation.paired import differences, seed_means, shown
from benchmarks.training.short_training import (
    BATCH,
    Learner,
    Results,
    add_short_arguments,
    endless,
    mean_and_deviation,
    read_sentences,
    sample,
)
from spacy_gliner_biomed.curation.annotation_order import OrderSettings, propose
from spacy_gliner_biomed.curation.document_pool import DocumentPool
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

CORPORA = ["ncbi_disease", "bc5cdr"]
ORDERS = {  # weights of uncertainty and coverage
    "random": None,
    "uncertainty": (1.0, 0.0),
    "coverage": (0.0, 1.0),
    "both": (1.0, 1.0),
}
KEYS = ["corpus", "order", "seed"]


def next_texts(
    nlp: spacy.Language,
    left: Sequence[AnnotatedText],
    done: Sequence[AnnotatedText],
    weights: tuple[float, float],
    *,
    count: int,
    seed: int,
) -> list[AnnotatedText]:
    """Propose texts as `curate next` does.

    nlp (spacy.Language): The pipeline with the model so far.
    left (Sequence[AnnotatedText]): The texts to choose from.
    done (Sequence[AnnotatedText]): Those that are annotated.
    weights (tuple[float, float]): Of uncertainty and coverage.
    count (int): How many.
    seed (int): The random seed.
    RETURNS (list[AnnotatedText]): The proposed texts, in their order.
    """
    settings = OrderSettings(count, *weights, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "annotated.jsonl"
        lines = (json.dumps({"text": each.text, "entities": []}) + "\n" for each in done)
        path.write_text("".join(lines), encoding="utf8")
        pool = DocumentPool(nlp, settings, [path] if done else [])
        pool.read((text.text, Record(number)) for number, text in enumerate(left))
        vectors = pool.vectors()
        found = propose(pool.candidates(), vectors, pool.covered(vectors), settings)
    return [left[each.candidate.source[1].id] for each in found]


def curve(
    learner: Learner,
    run: Mapping[str, Any],
    pool: Sequence[AnnotatedText],
    test: Sequence[AnnotatedText],
    arguments: argparse.Namespace,
) -> dict[str, float]:
    """Annotate, train and measure in rounds.

    learner (Learner): The pipeline and its first weights.
    run (Mapping[str, Any]): Corpus, order and seed.
    pool (Sequence[AnnotatedText]): The documents, in random order.
    test (Sequence[AnnotatedText]): Texts to measure on.
    arguments (argparse.Namespace): The command line.
    RETURNS (dict[str, float]): Strict F1 in percent by the number of documents.
    """
    learner.reset()
    learner.component.labels = list(test[0].annotated or ())
    weights = ORDERS[run["order"]]
    left, done, scores = list(pool), [], {}
    for size in arguments.sizes:
        count = size - len(done)
        if weights is None:
            new = left[:count]
        else:
            new = next_texts(learner.nlp, left, done, weights, count=count, seed=run["seed"])
        done += new
        taken = {text.text for text in new}
        left = [text for text in left if text.text not in taken]
        stream = endless(done, run["seed"])
        nlp = learner.train((stream, arguments.steps), seed=run["seed"])
        strict, _ = evaluate(nlp, test, [0.5])[0.5]
        scores[str(size)] = round(100 * strict.fscore, 2)
    return scores


def run_all(arguments: argparse.Namespace) -> None:
    """Make each curve of this worker that is not done."""
    excluded = json.loads(arguments.exclude.read_text()) if arguments.exclude else {}
    results = Results(arguments, KEYS)
    learner = Learner(make_nlp(arguments.checkpoint, arguments.precision), batch=arguments.batch)
    runs = [
        dict(zip(KEYS, (corpus, order, seed), strict=True))
        for seed in range(arguments.seeds)
        for order in arguments.orders
        for corpus in arguments.names
    ]
    for run in results.left(runs, arguments.worker):
        name = run["corpus"]
        if arguments.sentences:
            texts = read_sentences(arguments.corpora, name, "train", arguments.exclude)
        else:
            texts = read_corpus(
                arguments.corpora, name, ["train"], MERGED.get(name), excluded.get(name)
            )
        size = min(arguments.pool, len(texts))
        pool = random.Random(run["seed"]).sample(list(texts), size)
        test = sample(read_sentences(arguments.corpora, name, "test"), arguments.test)
        scores = curve(learner, run, pool, test, arguments)
        results.add({**run, "pool": size, "tested": len(test), "strict_f": scores})


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Make a table of the curves, and of the paired differences to the random order."""
    sizes = list(rows[0]["strict_f"])
    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    lines = []
    for order in dict.fromkeys(row["order"] for row in rows):
        own = [row for row in rows if row["order"] == order]
        cells = [
            mean_and_deviation([row["strict_f"][size] for row in own if row["corpus"] == corpus])
            for corpus in corpora
            for size in sizes
        ]
        gains = [
            shown(differences(_scores(rows, order, size), _scores(rows, "random", size)))
            for size in sizes
        ]
        lines.append([order, *cells, *(gains if order != "random" else [""] * len(sizes))])
    head = [f"{corpus}, {size}" for corpus in corpora for size in sizes]
    return markdown(["order", *head, *(f"to random, {size}" for size in sizes)], lines)


def _scores(
    rows: Sequence[Mapping[str, Any]], order: str, size: str
) -> dict[tuple[str, int], float]:
    found = {
        (row["corpus"], row["seed"]): row["strict_f"][size] for row in rows if row["order"] == order
    }
    return seed_means(found)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments; make the curves, or print the table."""
    parser = make_parser(__doc__, corpora=False, checkpoint=True, output=False)
    parser.add_argument("part", choices=["run", "table"])
    add_short_arguments(parser, "annotation_order", steps=120)
    parser.set_defaults(seeds=5)
    parser.add_argument("--names", nargs="+", default=CORPORA, help="the corpora")
    parser.add_argument("--orders", nargs="+", default=list(ORDERS), choices=list(ORDERS))
    parser.add_argument("--sentences", action="store_true", help="documents are sentences")
    parser.add_argument("--batch", type=int, default=BATCH, help="documents of a step")
    parser.add_argument("--precision", default="auto", help="of the model")
    parser.add_argument("--pool", type=int, default=500, help="documents to choose from")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100])
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    if arguments.part == "run":
        run_all(arguments)
    else:
        print(table(Results(arguments, KEYS).rows()))


if __name__ == "__main__":
    main()
