"""How much the wording of a label matters: F1 on BC5CDR for five wordings of each label.

    python -m benchmarks.accuracy.prompt_variants --corpora FOLDER [--checkpoint X] [--split test]

One label is reworded, the other keeps its own wording; the F1 is that of the reworded label.
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.accuracy.corpora import evaluate, make_nlp, percent
from spacy_gliner_biomed.training.readers import read_corpus

WORDINGS = {
    "chemical": ["chemical", "drug", "medication", "chemical compound", "chemical or drug"],
    "disease": ["disease", "disorder", "medical condition", "illness", "diagnosis"],
}


def main() -> None:
    """Read the arguments, evaluate each wording, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--checkpoint", default="packaged")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=0, help="documents, at most; 0 for all")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    nlp = make_nlp(arguments.checkpoint, arguments.precision)
    texts = read_corpus(arguments.corpora, "bc5cdr", [arguments.split])[: arguments.limit or None]
    table = {}
    for label, wordings in WORDINGS.items():
        table[label] = {}
        for wording in wordings:
            asked = {"prompts": {label: wording}, "counted": [label]}
            ((strict, loose),) = evaluate(nlp, texts, [arguments.threshold], **asked).values()
            table[label][wording] = percent(strict, loose)
            print(label, repr(wording), table[label][wording], flush=True)
        strict_f = [row["strict_f"] for row in table[label].values()]
        deviation = round(statistics.stdev(strict_f), 2)
        print(label, "from", min(strict_f), "to", max(strict_f), "standard deviation", deviation)
    if arguments.output:
        arguments.output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
