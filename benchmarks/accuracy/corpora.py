"""Strict and overlap F1 on annotated corpora.

    python -m benchmarks.accuracy.corpora --corpora FOLDER --split test bc5cdr bionlp13cg ...

Entities are compared by their characters, and every gold entity counts. Labels are asked as the
meta.json of each corpus words them. Without `--thresholds` the best threshold of a grid is found
for each corpus (use this on dev). With `--thresholds FILE`, a result of such a run, its thresholds
are used, and 0.5 for corpora that it does not list.
"""

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy

from benchmarks.accuracy.evaluation import GRID, MERGED, best_threshold, evaluate, make_nlp, percent
from benchmarks.common import make_parser, read_results, write_results
from spacy_gliner_biomed.training.readers import read_corpus

DEFAULT = {"threshold": 0.5}  # of corpora without a dev split


def measure(
    nlp: spacy.Language, name: str, grid: Sequence[float], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Measure one corpus at the best threshold of a grid.

    nlp (spacy.Language): A pipeline with the component.
    name (str): The corpus.
    grid (Sequence[float]): The thresholds to try.
    arguments (argparse.Namespace): The command line.
    RETURNS (dict[str, Any]): A row of the results.
    """
    texts = read_corpus(arguments.corpora, name, [arguments.split], MERGED.get(name))
    texts = texts[: math.ceil(arguments.share * len(texts))]
    started = time.perf_counter()
    results = evaluate(nlp, texts, grid, arguments.overlap, untyped=arguments.untyped)
    threshold = best_threshold(results)
    strict, loose = results[threshold]
    return {
        "documents": len(texts),
        "threshold": threshold,
        "strict_p": round(100 * strict.precision, 2),
        "strict_r": round(100 * strict.recall, 2),
        **percent(strict, loose),
        "seconds": round(time.perf_counter() - started, 1),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, evaluate, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("names", nargs="+", help="corpora")
    parser.add_argument("--split", default="test")
    parser.add_argument("--share", type=float, default=1.0, help="first part of the split")
    parser.add_argument("--thresholds", type=Path, help="results whose thresholds are used")
    parser.add_argument("--overlap", default="flat")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 or mps; default: spaCy's device")
    parser.add_argument("--untyped", action="store_true", help="compare spans without labels")
    arguments = parser.parse_args(argv)
    nlp = make_nlp(arguments.checkpoint, arguments.precision, arguments.device)
    chosen = read_results(arguments.thresholds) if arguments.thresholds else {}
    rows = {}
    for name in arguments.names:
        grid = [chosen.get(name, DEFAULT)["threshold"]] if arguments.thresholds else GRID
        rows[name] = measure(nlp, name, grid, arguments)
        print(name, rows[name], flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
