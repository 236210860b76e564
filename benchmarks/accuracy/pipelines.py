"""Precision, recall and F1 of pipelines on the same gold Docs, as a table in markdown.

python -m benchmarks.accuracy.pipelines test.spacy all=FOLDER half=FOLDER [--output FILE]

Entities are those of the span group "sc", as `spacy evaluate` scores them.
"""

import argparse
import json
from pathlib import Path

import spacy
from spacy.training import Corpus

from benchmarks.training.short_training import markdown

SHOWN = {"spans_sc_p": "strict P", "spans_sc_r": "strict R", "spans_sc_f": "strict F1"}


def main() -> None:
    """Read the arguments, evaluate, print and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path, help="a DocBin")
    parser.add_argument("pipelines", nargs="+", help="NAME=FOLDER")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    table = {}
    for argument in arguments.pipelines:
        name, _, folder = argument.partition("=")
        nlp = spacy.load(folder)
        scores = nlp.evaluate(Corpus(arguments.gold)(nlp))
        table[name] = {title: round(100 * scores[key], 2) for key, title in SHOWN.items()}
    rows = [[name, *map(str, scores.values())] for name, scores in table.items()]
    print(markdown(["trained on", *SHOWN.values()], rows))
    if arguments.output:
        arguments.output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
