"""What general text is worth to a biomedical corpus (GERBERA, arXiv 2406.10671): strict F1.

    python -m benchmarks.training.auxiliary --corpora FOLDER --exclude FILE --encoder FOLDER \
        [--worker 1/2 --threads 1]

A new network on the encoder learns JNLPBA or LINNAEUS: alone, or in the first half of the steps
every other sentence is of the general corpora. The number of steps is the same. Documents are
sentences, with as many negatives as positives at most.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
import torch

from benchmarks.training.short_training import (
    Learner,
    Results,
    add_short_arguments,
    as_many_negatives,
    endless,
    markdown,
    mean_and_deviation,
    measure,
    read_sentences,
    sample,
)
from spacy_gliner_biomed.training.corpora import AnnotatedText

TARGETS = ["jnlpba", "linnaeus"]
CROSSNER = [f"crossner_{name}" for name in ("ai", "literature", "music", "politics", "science")]
GENERAL = ["wikigold", "wnut17", "gum_named", "presidio_synth", *CROSSNER]
DEV = 500  # sentences of the training split by which the threshold is chosen: LINNAEUS has no dev
KEYS = ["corpus", "general", "seed"]


def new_nlp(encoder: Path) -> spacy.Language:
    """A pipeline with a new network, made as the packaged model's was."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-gliner-biomed.NewGLiNER.v1",
        "encoder": str(encoder),
        "max_len": 100,
        "num_rnn_layers": 0,
    }
    nlp.add_pipe("gliner_biomed", config={"model": model, "precision": "bfloat16"})
    return nlp


def in_turns(*streams: Iterator[AnnotatedText]) -> Iterator[AnnotatedText]:
    """One of each stream after the other."""
    for texts in zip(*streams, strict=True):
        yield from texts


def run_all(arguments: argparse.Namespace, results: Results) -> None:
    """Train and measure each run of this worker that is not done."""
    folder, exclude = arguments.corpora, arguments.exclude
    learner = Learner(new_nlp(arguments.encoder), freeze_embeddings=False)
    general = [text for name in GENERAL for text in read_sentences(folder, name, "train", exclude)]
    data = {}
    for corpus in TARGETS:
        texts = read_sentences(folder, corpus, "train", exclude)
        texts = sample(texts, len(texts))
        test = sample(read_sentences(folder, corpus, "test"), arguments.test)
        data[corpus] = as_many_negatives(texts[DEV:]), texts[:DEV], test
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
    """Mean and deviation over the seeds."""
    lines = []
    for corpus in TARGETS:
        found: dict[bool, list[float]] = {False: [], True: []}
        for row in rows:
            if row["corpus"] == corpus:
                found[row["general"]].append(row["strict_f"])
        lines.append([corpus, *(mean_and_deviation(found[key]) for key in (False, True))])
    return markdown(["strict F1", "alone", "with general corpora"], lines)


def main() -> None:
    """Read the arguments, train and measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_short_arguments(parser, "auxiliary", steps=240)
    parser.add_argument("--encoder", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = Results(arguments.output, KEYS)
    run_all(arguments, results)
    print(table(results.rows()))


if __name__ == "__main__":
    main()
