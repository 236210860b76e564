"""F1 on corpora and labels that training never saw.

    python -m benchmarks.training.zero_shot --corpora FOLDER --encoder FOLDER --training FOLDER

A new model is trained on the mix of `configs/packaged_everyday.cfg` without eight corpora, and
without the words of their labels in the other corpora, in the labels of the ontologies (with
--hierarchy) and in the other wordings of labels. The threshold is the component's default, 0.5; all
labels of a corpus are asked at once. The model stays in the training folder, so that few_shot.py,
or another run with --checkpoint and another --seed, can continue from it.
"""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy import util
from spacy.training.initialize import init_nlp

from benchmarks.accuracy.everyday import micro, score
from benchmarks.common import ROOT, make_parser, write_results
from benchmarks.training.recipe import CONFIG, EVERYDAY, add_arguments
from benchmarks.training.unseen_labels import (
    copy_hierarchy,
    label_words,
    remove_labels,
    remove_wordings,
)
from spacy_gliner_biomed.models.catalogue import normalize
from spacy_gliner_biomed.pipeline.training_run import TrainingRun
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

LEFT_OUT = [
    "maccrobat",
    "leaf_clinical_trials",
    "phee",
    "tmvar3",
    "crossner_science",
    "trialsieve",
    "tasteset",
    "psytar",
]


def folder_of(corpus: str, folders: Sequence[Path]) -> Path:
    """Return the first folder that has a corpus; the first of all if none has it."""
    return next((folder for folder in folders if (folder / corpus).exists()), folders[0])


def copy_corpora(
    folders: Sequence[Path], target: Path, weights: Mapping[str, float], words: Collection[str]
) -> dict[str, float]:
    """Copy the corpora of the mix without some labels.

    folders (Sequence[Path]): Folders of corpora; the first one with a corpus counts.
    target (Path): The folder to write to. What it holds already is kept.
    weights (Mapping[str, float]): The corpora, and how often each is drawn.
    words (Collection[str]): Normalized words of labels to remove.
    RETURNS (dict[str, float]): The weights of the corpora that have labels left.
    """
    left = {}
    for name, weight in weights.items():
        source = folder_of(name, folders) / name
        if (target / name).exists() or remove_labels(source, target / name, words):
            left[name] = weight
    return left


def new_checkpoint(encoder: Path, folder: Path) -> Path:
    """Write a new model on an encoder, as the first part of the recipe begins.

    encoder (Path): The encoder in Hugging Face's form.
    folder (Path): The folder for the pipeline. What it holds already is kept.
    RETURNS (Path): The checkpoint.
    """
    if not folder.exists():
        overrides = {"paths.encoder": str(encoder), "paths.corpora": "none", "paths.exclude": None}
        config = util.load_config(CONFIG, overrides=overrides, interpolate=True)
        nlp = spacy.blank("en")
        model = config["components"]["gliner_biomed"]["model"]
        nlp.add_pipe("gliner_biomed", config={"model": model})
        nlp.initialize()
        nlp.to_disk(folder)
    return folder / "gliner_biomed" / "model"


def train_without(arguments: argparse.Namespace) -> spacy.Language:
    """Train on what does not have the labels, or continue an interrupted training.

    arguments (argparse.Namespace): The command line.
    RETURNS (spacy.Language): The pipeline after the last step.
    """
    output = Path(arguments.training) / "zero_shot"
    output.mkdir(parents=True, exist_ok=True)
    folders = [arguments.corpora, ROOT / "data"]
    checkpoint = arguments.checkpoint or new_checkpoint(arguments.encoder, output / "new")
    overrides: dict[str, Any] = {
        "paths.corpora": str(output / "corpora"),
        "paths.checkpoint": str(checkpoint),
        "paths.exclude": arguments.exclude and str(arguments.exclude),
        "corpora.dev.path": str(folder_of("everyday_more", folders)),
        "system.seed": arguments.seed,
        "training.max_steps": arguments.steps,
        "training.eval_frequency": max(arguments.steps // 4, 1),
        "training.optimizer.learn_rate.total_steps": arguments.steps,
        "training.optimizer.learn_rate.warmup_steps": arguments.steps // 10,
        "components.gliner_biomed.precision": arguments.precision,
        "components.gliner_biomed.model.layout": not arguments.no_layout,
    }
    config = util.load_config(EVERYDAY, overrides=overrides, interpolate=False)
    train = config["corpora"]["train"]
    words = label_words(arguments.corpora, LEFT_OUT)
    merged = train["merge_labels"]
    removed = {*LEFT_OUT, *(name for name in merged if normalize(merged[name]) in words)}
    weights = {name: w for name, w in train["weights"].items() if name not in removed}
    train["weights"] = copy_corpora(folders, output / "corpora", weights, words)
    train["merge_labels"] = {name: merged[name] for name in merged if name in train["weights"]}
    train["general"] = [name for name in train["general"] if name in train["weights"]]
    # Labels of other families could be asked by the removed words.
    train.update(more=[], excluded=0.0)
    if arguments.hierarchy is None:
        train["fine"] = 0.0
    else:
        copy_hierarchy(arguments.hierarchy, output / "hierarchy", words)
        config["paths"]["hierarchy"] = str(output / "hierarchy")
    config["components"]["gliner_biomed"]["label_sampler"]["wordings"] = remove_wordings(words)
    return spacy.load(TrainingRun(init_nlp(config), output).run(sys.stdout, sys.stderr))


def measure(nlp: spacy.Language, texts: Sequence[AnnotatedText]) -> dict[str, Any]:
    """Measure a test set.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The test set.
    RETURNS (dict[str, Any]): A row of the results, with the labels that have gold entities, and
        those of them without one right entity.
    """
    counts = score(nlp, texts, list(texts[0].annotated or ()), threshold=0.5, overlap="flat")
    labels = {label for text in texts for _, _, label in text.spans}
    zero = [label for label in labels if not counts[label].tp]
    return {
        "documents": len(texts),
        "labels": len(labels),
        "labels_at_zero": len(zero),
        "strict_f": round(100 * micro(counts.values()).fscore, 2),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train, evaluate, print and write JSON."""
    parser = make_parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--hierarchy", type=Path, help="folder of ontologies, for fine labels")
    parser.add_argument("--checkpoint", type=Path, help="model of an earlier run, to continue from")
    parser.add_argument("--seed", type=int, default=7, help="seed of the drawn texts")
    parser.add_argument("--precision", default="auto", help="precision of the training")
    parser.add_argument(
        "--no-layout", action="store_true", help="for encoders without unused tokens"
    )
    arguments = parser.parse_args(argv)
    nlp = train_without(arguments)
    rows = {}
    for name in LEFT_OUT:
        rows[name] = measure(nlp, read_corpus(arguments.corpora, name, ["test"]))
        print(name, rows[name], flush=True)
    print("mean strict F1", round(sum(row["strict_f"] for row in rows.values()) / len(rows), 2))
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
