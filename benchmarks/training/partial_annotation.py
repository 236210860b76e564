"""What it gains to ask a corpus only for the labels that it annotates: F1 with and without that.

    python -m benchmarks.training.partial_annotation --corpora FOLDER --encoder FOLDER
        --training FOLDER

Three corpora are mixed: BC5CDR (chemicals, diseases), BioNLP13CG (16 labels, no diseases) and
JNLPBA (proteins, DNA, RNA, cells). With the rule, a window is asked only for labels that its
corpus annotates. Without it, a window is asked for the labels of all three, so that an unmarked
chemical in JNLPBA is a negative example. Both models are measured on the three test sets and on
two that they never saw, each at the threshold that is best on the corpus' dev split.
"""

import argparse
import json
from collections.abc import Sequence
from typing import Any

import spacy

from benchmarks.accuracy.evaluation import GRID, MERGED, best_threshold, evaluate, percent
from benchmarks.common import make_parser, write_results
from benchmarks.training.recipe import add_arguments, train_recipe
from spacy_gliner_biomed.training.readers import read_corpus

WEIGHTS = {"bc5cdr": 1.3, "bionlp13cg": 1.1, "jnlpba": 1.2}
MEASURED = [*WEIGHTS, "ncbi_disease", "bc2gm"]
N_DEV = 50  # documents by which the threshold is chosen


def measure(nlp: spacy.Language, arguments: argparse.Namespace, name: str) -> dict[str, float]:
    """Measure F1 on test, at the threshold that is best on dev.

    nlp (spacy.Language): A pipeline with the component.
    arguments (argparse.Namespace): The command line.
    name (str): The corpus.
    RETURNS (dict[str, float]): The threshold and the scores in percent.
    """
    dev = read_corpus(arguments.corpora, name, ["dev"], MERGED.get(name))[:N_DEV]
    threshold = best_threshold(evaluate(nlp, dev, GRID))
    test = read_corpus(arguments.corpora, name, ["test"], MERGED.get(name))[: arguments.limit]
    ((strict, loose),) = evaluate(nlp, test, [threshold]).values()
    recall = round(100 * strict.recall, 2)
    return {"threshold": threshold, **percent(strict, loose), "strict_r": recall}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train both models, measure, print and write JSON."""
    parser = make_parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--limit", type=int, default=500, help="test documents of each corpus")
    arguments = parser.parse_args(argv)
    table: dict[str, dict[str, Any]] = {}
    for rule in (True, False):
        name = "with_rule" if rule else "without_rule"
        nlp = train_recipe(arguments, name, WEIGHTS, partial=rule)
        table[name] = {corpus: measure(nlp, arguments, corpus) for corpus in MEASURED}
        print(name, json.dumps(table[name], indent=2), flush=True)
    write_results(arguments.output, table, arguments)


if __name__ == "__main__":
    main()
