"""What it is worth to know which labels a corpus annotates: F1 with and without that rule.

    python -m benchmarks.training.partial_annotation --corpora FOLDER --encoder FOLDER --training FOLDER

Three corpora are merged: BC5CDR (chemicals, diseases), BioNLP13CG (16 labels, no diseases) and
JNLPBA (proteins, DNA, RNA, cells). With the rule a window is asked only for labels that its
corpus annotates; without it for all labels of the three, so that an unmarked chemical in JNLPBA
is a negative example. Both are measured on the three test sets and on two that they never saw.
Thresholds are the best on each corpus' dev split, for both alike.
"""

import argparse
import json
from typing import Any

import spacy

from benchmarks.accuracy.corpora import GRID, MERGED, evaluate, percent
from benchmarks.training.recipe import add_arguments, train_recipe
from spacy_gliner_biomed.training.readers import read_corpus

WEIGHTS = {"bc5cdr": 1.3, "bionlp13cg": 1.1, "jnlpba": 1.2}
MEASURED = [*WEIGHTS, "ncbi_disease", "bc2gm"]


def measure(nlp: spacy.Language, arguments: Any, name: str) -> dict[str, float]:
    """F1 on test, at the threshold that is best on the first 50 documents of dev."""
    dev = read_corpus(arguments.corpora, name, ["dev"], MERGED.get(name))[:50]
    results = evaluate(nlp, dev, GRID)
    threshold = max(results, key=lambda value: results[value][0].fscore)
    test = read_corpus(arguments.corpora, name, ["test"], MERGED.get(name))[: arguments.limit]
    ((strict, loose),) = evaluate(nlp, test, [threshold]).values()
    recall = round(100 * strict.recall, 2)
    return {"threshold": threshold, **percent(strict, loose), "strict_r": recall}


def main() -> None:
    """Read the arguments, train both, measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--limit", type=int, default=500, help="test documents of each corpus")
    arguments = parser.parse_args()
    table: dict[str, dict[str, Any]] = {}
    for rule in (True, False):
        name = "with_rule" if rule else "without_rule"
        nlp = train_recipe(arguments, name, WEIGHTS, partial=rule)
        table[name] = {corpus: measure(nlp, arguments, corpus) for corpus in MEASURED}
        print(name, json.dumps(table[name], indent=2), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
