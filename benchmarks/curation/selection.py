"""How good half of the positives is, if it is selected: strict F1 on three corpora.

    python -m benchmarks.curation.selection base --corpora FOLDER --exclude FILE --encoder FOLDER
        --training FOLDER
    python -m benchmarks.curation.selection prepare --corpora FOLDER --exclude FILE
        --encoder FOLDER --training FOLDER
    python -m benchmarks.curation.selection run --corpora FOLDER --exclude FILE --training FOLDER
        [--worker 1/2 --threads 1]
    python -m benchmarks.curation.selection table

`base` trains the model from which all runs start, on the recipe's other corpora. `prepare` scores
a pool of sentences of the training split of NCBI Disease, BC5CDR and BC2GM. `run` trains on what
each scorer selects, always with the same number of steps, and adds a row for each run to the file
of results; if it is interrupted and called again, it continues. `table` prints the results so far.
Documents are sentences, as in BioSelectTune.

No scorer's model has seen the pool. Difficulty and coverage come from the base model, which knows
none of the three corpora. The language model's difficulty comes from a tiny one
(language_model.py), trained from scratch on the sentences outside the pool.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.evaluation import make_nlp
from benchmarks.common import make_parser, markdown
from benchmarks.curation.language_model import train_language_model
from benchmarks.curation.pools import CORPORA, KEYS, chosen, read_held_out, split_train
from benchmarks.training.recipe import recipe_weights, train_recipe
from benchmarks.training.short_training import (
    BATCH,
    Learner,
    Results,
    add_short_arguments,
    endless,
    mean_and_deviation,
    measure,
)
from spacy_gliner_biomed.curation.coverage import make_coverage_scorer
from spacy_gliner_biomed.curation.difficulty import make_model_difficulty
from spacy_gliner_biomed.curation.language_model import make_language_model_difficulty
from spacy_gliner_biomed.curation.selection import Scorer

SCORERS = ["random", "difficulty", "language-model", "coverage"]
STEPS = 80  # one pass over the pool, or two over half of it
Condition = tuple[str, float, float]  # scorer, ratio, share of the negatives

MAIN: list[Condition] = [
    ("all", 1.0, 1.0),
    *((scorer, 0.5, 1.0) for scorer in SCORERS),
    ("all", 1.0, 0.0),
    *((scorer, 0.5, 0.0) for scorer in SCORERS),
]
LAST: list[Condition] = [(scorer, 0.25, 1.0) for scorer in SCORERS]


def checkpoint_of(arguments: argparse.Namespace) -> str:
    """Return the folder of the checkpoint that `base` trained."""
    return str(arguments.training / "base" / "model-last" / "gliner_biomed" / "model")


def train_base(arguments: argparse.Namespace) -> None:
    """Train on the recipe's other corpora."""
    weights = {name: w for name, w in recipe_weights().items() if name not in CORPORA}
    arguments.steps = arguments.base_steps
    train_recipe(arguments, "base", weights)


def prepare(arguments: argparse.Namespace) -> None:
    """Train the tiny language model, and score the positives of each pool."""
    parts = {corpus: split_train(arguments, corpus) for corpus in CORPORA}
    folder = arguments.training / "language_model"
    if not folder.exists():
        others = [text for _, rest in parts.values() for text in rest if text.spans]
        train_language_model(others, arguments.encoder, folder, steps=arguments.lm_steps, seed=0)
    checkpoint = checkpoint_of(arguments)
    scorers: dict[str, Scorer] = {
        "difficulty": make_model_difficulty(checkpoint),
        "language-model": make_language_model_difficulty(str(folder)),
        "coverage": make_coverage_scorer(checkpoint),
    }
    scores: dict[str, dict[str, list[tuple[float, str]]]] = {}
    for corpus, (pool, _) in parts.items():
        positives = [text for text in pool if text.spans]
        scores[corpus] = {
            name: [(score.value, score.reason) for score in scorer(positives)]
            for name, scorer in scorers.items()
        }
        dropped = {
            name: sum(bool(reason) for _, reason in pairs) for name, pairs in scores[corpus].items()
        }
        print(f"{corpus}: {len(pool)} sentences, {len(positives)} positive; dropped: {dropped}")
    scores_path(arguments).write_text(json.dumps({"pool": arguments.pool, **scores}))


def scores_path(arguments: argparse.Namespace) -> Path:
    """Return the file of scores that `prepare` writes."""
    return Path(arguments.training / "scores.json")


def conditions(n_seeds: int) -> list[Mapping[str, Any]]:
    """List all runs, so that seeds and corpora advance evenly."""
    return [
        dict(zip(KEYS, (corpus, *condition, seed), strict=True))
        for group in (MAIN, LAST)
        for seed in range(n_seeds)
        for condition in group
        for corpus in CORPORA
    ]


def run_all(arguments: argparse.Namespace) -> None:
    """Train and measure each run of this worker that is not done."""
    scores = json.loads(scores_path(arguments).read_text())
    assert scores["pool"] == arguments.pool, "prepare with the same --pool"
    results = Results(arguments, KEYS)
    learner = Learner(make_nlp(checkpoint_of(arguments), "auto"))
    data = {}
    for corpus in CORPORA:
        pool, _ = split_train(arguments, corpus)
        data[corpus] = pool, *read_held_out(arguments, corpus)
    for run in results.left(conditions(arguments.seeds), arguments.worker):
        started = time.perf_counter()
        pool, dev, test = data[run["corpus"]]
        texts = chosen(pool, run, scores[run["corpus"]])
        nlp = learner.train((endless(texts, run["seed"]), arguments.steps), seed=run["seed"])
        trained = time.perf_counter()
        row = {**run, "sentences": len(texts), "positives": sum(bool(t.spans) for t in texts)}
        row |= {"steps": arguments.steps, "tested": len(test), **measure(nlp, dev, test)}
        row |= {"train_s": round(trained - started, 1)}
        results.add({**row, "test_s": round(time.perf_counter() - trained, 1)})


def table(rows: Sequence[Mapping[str, Any]], what: str) -> str:
    """Make a table of means and deviations over the seeds.

    Its last columns have the difference of the mean of all corpora to that of all positives, and
    to that of as many random ones, with the same negatives.

    rows (Sequence[Mapping[str, Any]]): The results.
    what (str): The key of the score.
    RETURNS (str): The table.
    """
    lines = []
    for scorer, ratio, negatives in [*MAIN, *LAST]:
        cells = [
            [row[what] for row in rows if _is(row, corpus, scorer, ratio, negatives)]
            for corpus in CORPORA
        ]
        if not any(cells):
            continue
        own = _mean(rows, what, scorer, ratio, negatives)
        gains = []
        for other in (("all", 1.0, negatives), ("random", ratio, negatives)):
            reference = _mean(rows, what, *other)
            same = other[0] == scorer or own is None or reference is None
            gains.append("" if same else f"{own - reference:+.1f}")
        positives = {
            row["corpus"]: row["positives"]
            for row in rows
            if [row[key] for key in KEYS[1:4]] == [scorer, ratio, negatives]
        }
        name = [scorer, f"{ratio:.0%}", "yes" if negatives else "no", str(sum(positives.values()))]
        means = [mean_and_deviation(values) for values in cells]
        lines.append([*name, *means, "-" if own is None else f"{own:.1f}", *gains])
    head = ["positives by", "share", "negatives", "positives", *CORPORA, "mean"]
    return markdown([*head, "to all", "to random"], lines)


def _mean(rows: Sequence[Mapping[str, Any]], what: str, *condition: Any) -> float | None:
    """Return the mean of the corpora's means; None if one has no run yet."""
    found = [[row[what] for row in rows if _is(row, corpus, *condition)] for corpus in CORPORA]
    if not all(found):
        return None
    return sum(sum(values) / len(values) for values in found) / len(found)


def _is(row: Mapping[str, Any], *key: Any) -> bool:
    return [row[name] for name in KEYS[: len(key)]] == list(key)


def print_tables(arguments: argparse.Namespace) -> None:
    """Print a table for each choice of the threshold."""
    rows = Results(arguments, KEYS).rows()
    for what in ("strict_f", "strict_f_at_half"):
        threshold = "best on dev" if what == "strict_f" else "0.5"
        print(f"Strict F1, threshold {threshold}:\n\n{table(rows, what)}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and do one of the parts."""
    parser = make_parser(__doc__, corpora=False, output=False)
    parts = {"base": train_base, "prepare": prepare, "run": run_all, "table": print_tables}
    parser.add_argument("part", choices=list(parts))
    add_short_arguments(parser, "curation", steps=STEPS)
    parser.add_argument("--encoder", type=Path, help="of the base model; its tokenizer is used")
    parser.add_argument("--training", type=Path, help="folder for the models and scores")
    parser.add_argument("--pool", type=int, default=STEPS * BATCH, help="sentences of each corpus")
    parser.add_argument("--base-steps", type=int, default=600)
    parser.add_argument("--lm-steps", type=int, default=500)
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    parts[arguments.part](arguments)


if __name__ == "__main__":
    main()
