"""The packaged model's recipe, changed for ablations."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import spacy
from spacy import util
from spacy.training.initialize import init_nlp

from benchmarks.common import CONFIGS
from spacy_gliner_biomed.pipeline.training_run import TrainingRun

CONFIG = CONFIGS / "packaged.cfg"  # the first part
EVERYDAY = CONFIGS / "packaged_everyday.cfg"  # the last one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every ablation takes."""
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--exclude", type=Path, help="JSON file of documents to leave out")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--training", type=Path, required=True, help="folder for the models")


def train_recipe(
    arguments: argparse.Namespace, name: str, weights: Mapping[str, float], **corpus: Any
) -> spacy.Language:
    """Train, or continue an interrupted training.

    arguments (argparse.Namespace): The command line.
    name (str): The model's folder inside the training folder.
    weights (Mapping[str, float]): The corpora, and how often each is drawn.
    corpus (Any): Other settings of the training corpus.
    RETURNS (spacy.Language): The pipeline after the last step.
    """
    overrides = {
        "paths.corpora": str(arguments.corpora),
        "paths.encoder": str(arguments.encoder),
        "paths.exclude": arguments.exclude and str(arguments.exclude),
        "training.max_steps": arguments.steps,
        "training.eval_frequency": max(arguments.steps // 2, 1),
        "training.optimizer.learn_rate.total_steps": arguments.steps,
    }
    config = util.load_config(CONFIG, overrides=overrides, interpolate=False)
    config["corpora"]["train"]["weights"] = dict(weights)
    config["corpora"]["train"].update(corpus)
    config["corpora"]["train"]["merge_labels"] = {
        key: value
        for key, value in config["corpora"]["train"]["merge_labels"].items()
        if key in weights
    }
    output = Path(arguments.training) / name
    output.mkdir(parents=True, exist_ok=True)
    return spacy.load(TrainingRun(init_nlp(config), output).run(sys.stdout, sys.stderr))


def recipe_weights(config: Path = CONFIG) -> dict[str, float]:
    """Return the corpora of a part of the recipe, and how often each is drawn."""
    weights: dict[str, float] = util.load_config(config)["corpora"]["train"]["weights"]
    return weights
