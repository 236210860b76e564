"""What a biomedical corpus gains from general text (GERBERA, arXiv 2406.10671): strict F1.

    python -m benchmarks.training.auxiliary --corpora FOLDER --exclude FILE --encoder FOLDER
        [--worker 1/2 --threads 1]

A new network on the encoder learns JNLPBA or LINNAEUS, either alone, or with every other sentence
of the first half of the steps from general corpora. The number of steps is the same. Documents are
sentences, at most as many without entities as with some.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
import torch

from benchmarks.common import make_parser, markdown
from benchmarks.training.short_training import (
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
from spacy_gliner_biomed.training.corpora import AnnotatedText

TARGETS = ["jnlpba", "linnaeus"]
CROSSNER = [f"crossner_{name}" for name in ("ai", "literature", "music", "politics", "science")]
GENERAL = ["wikigold", "wnut17", "gum_named", "presidio_synth", *CROSSNER]
DEV = 500  # training sentences by which the threshold is chosen, since LINNAEUS has no dev
KEYS = ["corpus", "general", "seed"]


def new_nlp(encoder: Path) -> spacy.Language:
    """Make a pipeline with a new network, as the packaged model's recipe does."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-gliner-biomed.NewGLiNER.v1",
        "encoder": str(encoder),
        "max_len": 100,
        "num_rnn_layers": 0,
    }
    nlp.add_pipe("gliner_biomed", config={"model": model, "precision": "auto"})
    return nlp


def in_turns(*streams: Iterator[AnnotatedText]) -> Iterator[AnnotatedText]:
    """Take one of each stream in turn."""
    for texts in zip(*streams, strict=True):
        yield from texts


def run_all(arguments: argparse.Namespace, results: Results) -> None:
    """Train and measure each run of this worker that is not done.

    arguments (argparse.Namespace): The command line.
    results (Results): The file of results.
    """
    folder, exclude = arguments.corpora, arguments.exclude
    learner = Learner(new_nlp(arguments.encoder), freeze_embeddings=False)
    general = [text for name in GENERAL for text in read_sentences(folder, name, "train", exclude)]
    data = {}
    for corpus in TARGETS:
        texts = read_sentences(folder, corpus, "train", exclude)
        texts = sample(texts, len(texts))
        test = sample(read_sentences(folder, corpus, "test"), arguments.test)
        data[corpus] = as_many_negatives(texts[arguments.dev :]), texts[: arguments.dev], test
    runs = [
        dict(zip(KEYS, (corpus, is_general, seed), strict=True))
        for seed in range(arguments.seeds)
        for is_general in (False, True)
        for corpus in TARGETS
    ]
    for run in results.left(runs, arguments.worker):
        texts, dev, test = data[run["corpus"]]
        own, half = endless(texts, run["seed"]), arguments.steps // 2
        first = in_turns(own, endless(general, run["seed"])) if run["general"] else own
        phases = (first, half), (own, arguments.steps - half)
        nlp = learner.train(*phases, seed=run["seed"])
        sizes = {"steps": arguments.steps, "sentences": len(texts), "tested": len(test)}
        results.add({**run, **sizes, **measure(nlp, dev, test)})


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Make a table of means and deviations over the seeds."""
    lines = []
    for corpus in TARGETS:
        found: dict[bool, list[float]] = {False: [], True: []}
        for row in rows:
            if row["corpus"] == corpus:
                found[row["general"]].append(row["strict_f"])
        lines.append([corpus, *(mean_and_deviation(found[key]) for key in (False, True))])
    return markdown(["strict F1", "alone", "with general corpora"], lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train and measure, print the table."""
    parser = make_parser(__doc__, corpora=False, output=False)
    add_short_arguments(parser, "auxiliary", steps=240)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--dev", type=int, default=DEV, help="sentences for the threshold")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    results = Results(arguments, KEYS)
    run_all(arguments, results)
    print(table(results.rows()))


if __name__ == "__main__":
    main()
