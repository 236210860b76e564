"""F1 on corpora that training never saw: the packaged model's recipe without five of them.

    python -m benchmarks.training.zero_shot --corpora FOLDER --encoder FOLDER --training FOLDER

The threshold is the component's default, 0.5. The model stays in the training folder, so that
few_shot.py can continue from it.
"""

from collections.abc import Sequence

from benchmarks.accuracy.evaluation import evaluate, percent
from benchmarks.common import make_parser, write_results
from benchmarks.training.recipe import add_arguments, recipe_weights, train_recipe
from spacy_gliner_biomed.training.readers import read_corpus

LEFT_OUT = ["maccrobat", "leaf_clinical_trials", "phee", "tmvar3", "crossner_science"]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train, evaluate, print and write JSON."""
    parser = make_parser(__doc__)
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    weights = {name: w for name, w in recipe_weights().items() if name not in LEFT_OUT}
    nlp = train_recipe(arguments, "zero_shot", weights)
    rows = {}
    for name in LEFT_OUT:
        texts = read_corpus(arguments.corpora, name, ["test"])
        ((strict, loose),) = evaluate(nlp, texts, [0.5]).values()
        n_labels = len(texts[0].annotated or ())
        rows[name] = {"documents": len(texts), "labels": n_labels, **percent(strict, loose)}
        print(name, rows[name], flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
