"""How much the wording of a label matters: F1 on BC5CDR for five prompts of each label.

    python -m benchmarks.accuracy.prompt_variants --corpora FOLDER [--checkpoint X] [--split test]

One label gets another prompt and the other keeps its own; the F1 is that of the changed label.
"""

import statistics
from collections.abc import Sequence

from benchmarks.accuracy.evaluation import evaluate, make_nlp, percent
from benchmarks.common import make_parser, write_results
from spacy_gliner_biomed.training.readers import read_corpus

VARIANTS = {
    "chemical": ["chemical", "drug", "medication", "chemical compound", "chemical or drug"],
    "disease": ["disease", "disorder", "medical condition", "illness", "diagnosis"],
}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, evaluate each prompt, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="maximum number of documents")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--precision", default="float32")
    arguments = parser.parse_args(argv)
    nlp = make_nlp(arguments.checkpoint, arguments.precision)
    texts = read_corpus(arguments.corpora, "bc5cdr", [arguments.split])[: arguments.limit]
    table: dict[str, dict[str, dict[str, float]]] = {label: {} for label in VARIANTS}
    for label, prompts in VARIANTS.items():
        for prompt in prompts:
            ((strict, loose),) = evaluate(
                nlp, texts, [arguments.threshold], prompts={label: prompt}, counted=[label]
            ).values()
            table[label][prompt] = percent(strict, loose)
            print(label, repr(prompt), table[label][prompt], flush=True)
        strict_f = [row["strict_f"] for row in table[label].values()]
        deviation = round(statistics.stdev(strict_f), 2)
        print(label, "from", min(strict_f), "to", max(strict_f), "standard deviation", deviation)
    write_results(arguments.output, table, arguments)


if __name__ == "__main__":
    main()
