"""Precision, recall and F1 of several pipelines on the same gold Docs, as a table in Markdown.

    python -m benchmarks.accuracy.pipelines test.spacy all=FOLDER half=FOLDER [--output FILE]

The entities are those of the span group "sc", scored as `spacy evaluate` does.
"""

from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.training import Corpus

from benchmarks.common import make_parser, markdown, write_results

SHOWN = {"spans_sc_p": "strict P", "spans_sc_r": "strict R", "spans_sc_f": "strict F1"}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, evaluate, print and write JSON."""
    parser = make_parser(__doc__, corpora=False)
    parser.add_argument("gold", type=Path, help="a DocBin")
    parser.add_argument("pipelines", nargs="+", help="NAME=FOLDER")
    arguments = parser.parse_args(argv)
    table = {}
    for argument in arguments.pipelines:
        name, _, folder = argument.partition("=")
        nlp = spacy.load(folder)
        scores = nlp.evaluate(Corpus(arguments.gold)(nlp))
        table[name] = {title: round(100 * scores[key], 2) for key, title in SHOWN.items()}
    rows = [[name, *map(str, scores.values())] for name, scores in table.items()]
    print(markdown(["pipeline", *SHOWN.values()], rows))
    arguments.pipelines = list(table)
    write_results(arguments.output, table, arguments)


if __name__ == "__main__":
    main()
