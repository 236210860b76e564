"""Many short trainings in one process, each from the same weights, and their results in a file."""

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

from benchmarks.accuracy.corpora import GRID, MERGED, evaluate
from benchmarks.common import RESULTS
from spacy_gliner_biomed.curation.scorers import make_random_scorer
from spacy_gliner_biomed.curation.selection import KEPT, select
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.nn.derived import forget
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.readers import cut_sentences, read_corpus
from spacy_gliner_biomed.training.sampling import LabelSampler

BATCH = 16
RATE = 2e-4  # of the encoder, as in the packaged model's recipe; the scorer's is three times it
KEY = "sc"


class Learner:
    """A pipeline that goes back to the weights that it came with before each training.

    nlp (spacy.Language): With the component.
    freeze_embeddings (bool): Faster; not for a new network, whose markers have to be learnt.
    """

    def __init__(self, nlp: spacy.Language, *, freeze_embeddings: bool = True) -> None:
        self.nlp = nlp
        self.component = nlp.get_pipe("gliner_biomed")
        self.component.initialize(list)
        self.component.tuning = Tuning(freeze_embeddings=freeze_embeddings)
        self.shim = network_shim(self.component.model)
        weights = self.shim.checkpoint.network.state_dict()
        self.start = {name: tensor.clone() for name, tensor in weights.items()}

    def reset(self) -> None:
        """Go back to the weights of the start."""
        network = self.shim.checkpoint.network
        network.load_state_dict(self.start)
        forget(network)
        self.shim.trainer = None
        self.shim.runner.label_vectors.clear()

    def train(
        self, *phases: tuple[Iterator[AnnotatedText], int], seed: int, rate: float = RATE
    ) -> spacy.Language:
        """Train from the start on so many batches of each stream, under one schedule."""
        self.reset()
        fix_random_seed(seed)
        self.component.label_sampler = LabelSampler(all_negatives=1.0, vary=0.0, seed=seed)
        steps = sum(n_batches for _, n_batches in phases)
        schedule = warmup_linear(rate, max(steps // 10, 1), steps)
        optimizer = make_adamw(schedule, scorer_factor=3.0)
        for stream, n_batches in phases:
            for _ in range(n_batches):
                batch = [self._example(text) for text in islice(stream, BATCH)]
                self.component.update(batch, sgd=optimizer)
                optimizer.step_schedules()
        return self.nlp

    def _example(self, text: AnnotatedText) -> Example:
        gold = gold_doc(self.nlp, text, KEY)
        return Example(gold.copy(), gold)


def endless(texts: Sequence[AnnotatedText], seed: int) -> Iterator[AnnotatedText]:
    """Texts in random order, anew in each pass."""
    rng, order = random.Random(seed), list(texts)
    while True:
        rng.shuffle(order)
        yield from order


def read_sentences(
    corpora: Path, name: str, split: str, exclude: Path | None = None
) -> list[AnnotatedText]:
    """The sentences of a split, but for those of documents that repeat a test text."""
    left_out = json.loads(exclude.read_text(encoding="utf8")).get(name) if exclude else None
    texts = read_corpus(corpora, name, [split], MERGED.get(name), left_out)
    rng = random.Random(0)
    parts = (part for text in texts for part in cut_sentences(text, 1, 1000, rng))
    return [part for part in parts if part.text.strip()]


def sample(texts: Sequence[AnnotatedText], size: int) -> list[AnnotatedText]:
    """Some of the texts, by chance, and always the same."""
    return random.Random(0).sample(list(texts), min(size, len(texts)))


def as_many_negatives(texts: Sequence[AnnotatedText]) -> list[AnnotatedText]:
    """The texts with entities, and at most as many without, evenly through the corpus."""
    n_positives = sum(bool(text.spans) for text in texts)
    share = min(n_positives / max(len(texts) - n_positives, 1), 1.0)
    decisions = select(texts, make_random_scorer(), ratio=1.0, negatives=share)
    pairs = zip(texts, decisions, strict=True)
    return [text for text, decision in pairs if decision.outcome == KEPT]


def measure(
    nlp: spacy.Language, dev: Sequence[AnnotatedText], test: Sequence[AnnotatedText]
) -> dict[str, float]:
    """Strict F1 on test in percent, at the threshold that is best on dev, and at 0.5."""
    on_dev = evaluate(nlp, dev, GRID)
    threshold = max(on_dev, key=lambda value: on_dev[value][0].fscore)
    on_test = evaluate(nlp, test, sorted({0.5, threshold}))
    return {
        "threshold": threshold,
        "strict_f": round(100 * on_test[threshold][0].fscore, 2),
        "strict_f_at_half": round(100 * on_test[0.5][0].fscore, 2),
    }


class Results:
    """Rows in a JSON file, to which several processes may add; each run is done once.

    path (Path): Begun if it does not exist.
    keys (Sequence[str]): What tells a run from another.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self.path = path
        self.keys = keys

    def rows(self) -> list[dict[str, Any]]:
        """The rows so far."""
        return json.loads(self.path.read_text(encoding="utf8")) if self.path.exists() else []

    def left(self, runs: Sequence[Mapping[str, Any]], worker: str) -> list[Mapping[str, Any]]:
        """The runs of a worker ("1/2" is the first of two) that are not done."""
        number, of = map(int, worker.split("/"))
        done = [self._key(row) for row in self.rows()]
        return [run for run in runs[number - 1 :: of] if self._key(run) not in done]

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row; whatever happens, the file is whole."""
        print(json.dumps(row), flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = [*self.rows(), dict(row)]
            unfinished = self.path.with_suffix(".unfinished")
            lines = ",\n  ".join(json.dumps(row) for row in rows)
            unfinished.write_text(f"[\n  {lines}\n]\n", encoding="utf8")
            unfinished.replace(self.path)

    def _key(self, row: Mapping[str, Any]) -> list[Any]:
        return [row[key] for key in self.keys]


def mean_and_deviation(values: Sequence[float]) -> str:
    """As a table shows it; a dash for no value."""
    if not values:
        return "-"
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{deviation}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def add_short_arguments(parser: Any, name: str, steps: int) -> None:
    """The arguments that every script of short trainings takes."""
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--exclude", type=Path, help="JSON of documents to leave out")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test", type=int, default=1000, help="test sentences, at most")
    parser.add_argument("--worker", default="1/1", help="2/3: the second of three processes")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json")
