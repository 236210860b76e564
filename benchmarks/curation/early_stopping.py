"""Trains until F1 on dev stops rising."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import spacy
from thinc.api import fix_random_seed, warmup_linear

from benchmarks.accuracy.evaluation import GRID, evaluate
from benchmarks.training.short_training import RATE, Learner
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.nn.derived import forget
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.sampling import LabelSampler

WARMUP = 20  # steps


@dataclass(frozen=True)
class Stopping:
    """When a training ends.

    every (int): Steps between two evaluations on dev.
    patience (int): Evaluations without a better F1 after which it ends.
    max_steps (int): Steps after which it ends in any case.
    keep_last (bool): Train for all steps and keep the last weights, as without gold on dev.
    """

    every: int = 40
    patience: int = 5
    max_steps: int = 2000
    keep_last: bool = False


def train_until(
    learner: Learner,
    stream: Iterator[AnnotatedText],
    dev: Sequence[AnnotatedText],
    stopping: Stopping,
    seed: int,
) -> tuple[spacy.Language, int]:
    """Train from the first weights, and keep the weights that are best on dev, or the last ones.

    The learning rate falls towards 0 at `max_steps`, whenever the training ends.

    learner (Learner): The pipeline and its first weights.
    stream (Iterator[AnnotatedText]): The texts, without end.
    dev (Sequence[AnnotatedText]): Texts on which F1, at the best threshold, must rise.
    stopping (Stopping): When to end.
    seed (int): The random seed.
    RETURNS (tuple[spacy.Language, int]): The pipeline with the best weights, until the next
        training, and their step; 0 if the first weights were the best on dev.
    """
    learner.reset()
    fix_random_seed(seed)
    learner.component.label_sampler = LabelSampler(all_negatives=1.0, vary=0.0, seed=seed)
    schedule = warmup_linear(RATE, min(WARMUP, stopping.max_steps), stopping.max_steps)
    optimizer = make_adamw(schedule, scorer_factor=3.0)
    network = learner.shim.checkpoint.network
    best, best_step, weights, n_worse = dev_score(learner.nlp, dev), 0, learner.start, 0
    for step in range(1, stopping.max_steps + 1):
        learner.component.update(learner.examples(stream), sgd=optimizer)
        optimizer.step_schedules()
        if stopping.keep_last or (step % stopping.every and step < stopping.max_steps):
            continue
        score = dev_score(learner.nlp, dev)
        n_worse = 0 if score > best else n_worse + 1
        if score > best:
            best, best_step = score, step
            weights = {name: each.clone() for name, each in network.state_dict().items()}
        if n_worse == stopping.patience:
            break
    if stopping.keep_last:
        return learner.nlp, stopping.max_steps
    network.load_state_dict(weights)
    forget(network)
    learner.shim.runner.label_vectors.clear()
    return learner.nlp, best_step


def dev_score(nlp: spacy.Language, dev: Sequence[AnnotatedText]) -> float:
    """Return strict F1 at the threshold that is best for it."""
    return max(strict.fscore for strict, _ in evaluate(nlp, dev, GRID).values())
