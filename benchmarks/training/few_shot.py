"""F1 on test after training on 0, 10, 20 and 50 documents with configs/few_shot.cfg.

    python -m benchmarks.training.few_shot --corpora FOLDER --checkpoint packaged loctext pcmsp

The documents are the first of each corpus' training split. Steps grow with the square root of
their number. The threshold is the component's default, 0.5, since ten documents leave none to
choose it by.
"""

import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.cli.train import train
from spacy.tokens import DocBin

from benchmarks.accuracy.evaluation import evaluate, make_nlp, percent
from benchmarks.common import CONFIGS, make_parser, write_results
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.readers import read_corpus

CONFIG = CONFIGS / "few_shot.cfg"


def steps_for(n_documents: int, steps_for_ten: int) -> int:
    """Return the number of training steps: with four times the documents, twice the steps."""
    return math.ceil(steps_for_ten * math.sqrt(n_documents / 10))


def train_on(texts: list[AnnotatedText], checkpoint: str, steps: int) -> spacy.Language:
    """Train on a few texts.

    texts (list[AnnotatedText]): The texts; none for no training.
    checkpoint (str): The checkpoint to start from.
    steps (int): Steps.
    RETURNS (spacy.Language): The pipeline after the last step.
    """
    if not texts:
        return make_nlp(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.spacy"
        blank = spacy.blank("en")
        DocBin(docs=[gold_doc(blank, text, "sc") for text in texts]).to_disk(path)
        overrides = {
            "paths.train": str(path),
            "paths.dev": str(path),
            "paths.checkpoint": checkpoint,
            "training.max_steps": steps,
            "training.eval_frequency": steps,
        }
        train(CONFIG, Path(folder) / "output", overrides=overrides)
        return spacy.load(Path(folder) / "output" / "model-last")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train and evaluate, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--documents", type=int, nargs="+", default=[0, 10, 20, 50])
    parser.add_argument("--steps", type=int, default=90, help="training steps for ten documents")
    arguments = parser.parse_args(argv)
    rows = []
    for name in arguments.names:
        texts = read_corpus(arguments.corpora, name, ["train"])
        test = read_corpus(arguments.corpora, name, ["test"])
        for n in arguments.documents:
            started = time.perf_counter()
            steps = steps_for(n, arguments.steps)
            nlp = train_on(texts[:n], arguments.checkpoint, steps)
            seconds = time.perf_counter() - started
            strict, loose = evaluate(nlp, test, [0.5], "flat")[0.5]
            row = {
                "corpus": name,
                "documents": n,
                "steps": steps,
                **percent(strict, loose),
                "training_seconds": round(seconds, 1),
            }
            print(row, flush=True)
            rows.append(row)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
