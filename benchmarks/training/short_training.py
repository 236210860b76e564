"""Many short trainings in one process, each from the same weights, and their file of results."""

import argparse
import fcntl
import json
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.training import Example
from thinc.api import fix_random_seed, warmup_linear

from benchmarks.accuracy.evaluation import GRID, MERGED, best_threshold, evaluate
from benchmarks.common import RESULTS, read_results, write_results
from spacy_gliner_biomed.curation.random_scorer import make_random_scorer
from spacy_gliner_biomed.curation.selection import KEPT, select
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.nn.derived import forget
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.readers import read_corpus
from spacy_gliner_biomed.training.sampling import LabelSampler
from spacy_gliner_biomed.training.text_windows import cut_sentences

BATCH = 16
RATE = 2e-4  # learning rate of the encoder, as in the recipe; the scorer has three times it
KEY = "sc"


class Learner:
    """A pipeline that returns to its first weights before each training.

    nlp (spacy.Language): A pipeline with the component.
    freeze_embeddings (bool): Do not train embeddings, which is faster. A new network must train
        them, since it has to learn its markers.
    batch (int): Texts of a step.
    """

    def __init__(
        self, nlp: spacy.Language, *, freeze_embeddings: bool = True, batch: int = BATCH
    ) -> None:
        self.nlp = nlp
        self.batch = batch
        self.component = nlp.get_pipe("gliner_biomed")
        nlp.initialize()
        self.component.tuning = Tuning(freeze_embeddings=freeze_embeddings)
        self.shim = network_shim(self.component.model)
        weights = self.shim.checkpoint.network.state_dict()
        self.start = {name: tensor.clone() for name, tensor in weights.items()}

    def reset(self) -> None:
        """Restore the first weights."""
        network = self.shim.checkpoint.network
        network.load_state_dict(self.start)
        forget(network)
        self.shim.trainer = None
        self.shim.runner.label_vectors.clear()

    def train(
        self, *phases: tuple[Iterator[AnnotatedText], int], seed: int, rate: float = RATE
    ) -> spacy.Language:
        """Train from the first weights.

        phases (tuple[Iterator[AnnotatedText], int]): Streams of texts, and how many batches are
            taken of each; one learning-rate schedule spans all of them.
        seed (int): The random seed.
        rate (float): The highest learning rate.
        RETURNS (spacy.Language): The trained pipeline, until the next training.
        """
        self.reset()
        fix_random_seed(seed)
        self.component.label_sampler = LabelSampler(all_negatives=1.0, vary=0.0, seed=seed)
        steps = sum(n_batches for _, n_batches in phases)
        schedule = warmup_linear(rate, max(steps // 10, 1), steps)
        optimizer = make_adamw(schedule, scorer_factor=3.0)
        for stream, n_batches in phases:
            for _ in range(n_batches):
                self.component.update(self.examples(stream), sgd=optimizer)
                optimizer.step_schedules()
        return self.nlp

    def examples(self, stream: Iterator[AnnotatedText]) -> list[Example]:
        """Make the examples of the next step, with their gold entities."""
        docs = [gold_doc(self.nlp, text, KEY) for text in islice(stream, self.batch)]
        return [Example(gold.copy(), gold) for gold in docs]


def endless(texts: Sequence[AnnotatedText], seed: int) -> Iterator[AnnotatedText]:
    """Yield texts without end, in a new random order in each pass."""
    rng, order = random.Random(seed), list(texts)
    while True:
        rng.shuffle(order)
        yield from order


def read_sentences(
    corpora: Path, name: str, split: str, exclude: Path | None = None
) -> list[AnnotatedText]:
    """Read the sentences of a split.

    corpora (Path): The folder of corpora.
    name (str): The corpus.
    split (str): The split.
    exclude (Path | None): JSON file of documents to leave out, by corpus.
    RETURNS (list[AnnotatedText]): The sentences.
    """
    left_out = json.loads(exclude.read_text(encoding="utf8")).get(name) if exclude else None
    texts = read_corpus(corpora, name, [split], MERGED.get(name), left_out)
    rng = random.Random(0)
    parts = (part for text in texts for part in cut_sentences(text, 1, 1000, rng))
    return [part for part in parts if part.text.strip()]


def sample(texts: Sequence[AnnotatedText], size: int) -> list[AnnotatedText]:
    """Draw texts at random, always the same ones."""
    return random.Random(0).sample(list(texts), min(size, len(texts)))


def as_many_negatives(texts: Sequence[AnnotatedText]) -> list[AnnotatedText]:
    """Select the texts with entities and at most as many without, evenly through the corpus."""
    n_positives = sum(bool(text.spans) for text in texts)
    share = min(n_positives / max(len(texts) - n_positives, 1), 1.0)
    decisions = select(texts, make_random_scorer(), ratio=1.0, negatives=share)
    pairs = zip(texts, decisions, strict=True)
    return [text for text, decision in pairs if decision.outcome == KEPT]


def measure(
    nlp: spacy.Language, dev: Sequence[AnnotatedText], test: Sequence[AnnotatedText]
) -> dict[str, float]:
    """Measure strict F1 on test.

    nlp (spacy.Language): A pipeline with the component.
    dev (Sequence[AnnotatedText]): Texts by which the threshold is chosen.
    test (Sequence[AnnotatedText]): Texts to measure on.
    RETURNS (dict[str, float]): The threshold, and F1 in percent at it and at 0.5.
    """
    on_dev = evaluate(nlp, dev, GRID)
    threshold = best_threshold(on_dev)
    on_test = evaluate(nlp, test, sorted({0.5, threshold}))
    return {
        "threshold": threshold,
        "strict_f": round(100 * on_test[threshold][0].fscore, 2),
        "strict_f_at_half": round(100 * on_test[0.5][0].fscore, 2),
    }


class Results:
    """A file of results to which several processes add rows; each run is done once.

    arguments (argparse.Namespace): The command line; its `output` is the file.
    keys (Sequence[str]): The keys of a row that identify a run.
    """

    def __init__(self, arguments: argparse.Namespace, keys: Sequence[str]) -> None:
        self.path: Path = arguments.output
        self.arguments = arguments
        self.keys = keys

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows so far."""
        rows: list[dict[str, Any]] = read_results(self.path) if self.path.exists() else []
        return rows

    def left(self, runs: Sequence[Mapping[str, Any]], worker: str) -> list[Mapping[str, Any]]:
        """Return the runs of a worker that are not done.

        runs (Sequence[Mapping[str, Any]]): All runs.
        worker (str): "1/2" is the first of two workers.
        RETURNS (list[Mapping[str, Any]]): The runs.
        """
        number, of = map(int, worker.split("/"))
        done = [self._key(row) for row in self.rows()]
        return [run for run in runs[number - 1 :: of] if self._key(run) not in done]

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row to the file, which is never half written."""
        print(json.dumps(row), flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write_results(self.path, [*self.rows(), dict(row)], self.arguments)

    def _key(self, row: Mapping[str, Any]) -> list[Any]:
        return [row[key] for key in self.keys]


def mean_and_deviation(values: Sequence[float]) -> str:
    """Format mean and standard deviation; a dash stands for no value."""
    if not values:
        return "-"
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{deviation}"


def add_short_arguments(parser: argparse.ArgumentParser, name: str, steps: int) -> None:
    """Add the arguments that every script of short trainings takes.

    parser (argparse.ArgumentParser): The parser.
    name (str): The file of results in `benchmarks/results/`, without its ending.
    steps (int): Default number of steps of a training.
    """
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--exclude", type=Path, help="JSON file of documents to leave out")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test", type=int, default=1000, help="maximum number of test sentences")
    parser.add_argument("--worker", default="1/1", help="2/3 for the second of three processes")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json")
