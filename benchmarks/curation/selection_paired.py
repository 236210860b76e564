"""Whether a selected share of the positives is as good as all: paired, until dev stops rising.

    python -m benchmarks.curation.selection_paired texts --corpora FOLDER --training FOLDER
    python -m benchmarks.curation.selection_paired prepare --corpora FOLDER --training FOLDER
        --language-model FILE.gguf [--checkpoint X] [--silver FOLDER]
    python -m benchmarks.curation.selection_paired run --corpora FOLDER --training FOLDER
        [--checkpoint X] [--silver FOLDER] [--worker 1/2 --threads 1] --output FILE
    python -m benchmarks.curation.selection_paired table --output FILE

`prepare` scores the positives of each pool, sentences of a training split: by instruction-following
difficulty (IFD) with a pretrained language model, and by the difficulty for the network from which
all runs start ("weak": a homologous weak model). `run` trains on what each scorer selects, with all
negatives, until F1 on dev stops rising, and adds a row for each run; both continue where they were
interrupted. All conditions of a seed train in the same random order as far as they can. `table`
prints differences to all positives and to as many random ones, paired by seed and averaged over the
corpora, with 95 % confidence intervals.

With `--silver FOLDER`, the pool has the labels of FOLDER/CORPUS.jsonl, as `annotate-llm` writes
them for the texts of `texts`, or ontology_silver.py; dev and test stay gold. Texts that are not
there are left out of the pool, and counted. Training takes all --steps, since a user of silver
labels has no gold on which F1 could rise. Use another --training and --output for it. The scorers
"ifd-easy" and "weak-easy" keep the easiest positives, which may be the cleanest.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.evaluation import make_nlp
from benchmarks.common import make_parser, markdown
from benchmarks.curation.early_stopping import Stopping, train_until
from benchmarks.curation.paired import seed_differences, shown
from benchmarks.curation.pools import CORPORA, DEV, KEYS, chosen, read_held_out, split_train
from benchmarks.training.short_training import (
    BATCH,
    Learner,
    Results,
    add_short_arguments,
    endless,
    mean_and_deviation,
    measure,
)
from spacy_gliner_biomed.curation.difficulty import make_model_difficulty
from spacy_gliner_biomed.curation.language_model import make_language_model_difficulty
from spacy_gliner_biomed.training.corpora import AnnotatedText, read_jsonl

RATIOS = [0.25, 0.5, 0.75]
SCORERS = ["random", "ifd", "weak"]
CLEANEST = [f"{name}-easy" for name in SCORERS if name != "random"]


def read_pool(arguments: argparse.Namespace, corpus: str) -> list[AnnotatedText]:
    """Return the sentences to select from, with gold or with silver labels."""
    pool, _ = split_train(arguments, corpus)
    if arguments.silver is None:
        return pool
    annotated = list(pool[0].annotated or ())
    silver = read_jsonl(arguments.silver / f"{corpus}.jsonl", None)
    spans = {each.text: each.spans for each in silver}
    kept = [replace(t, spans=spans[t.text], annotated=annotated) for t in pool if t.text in spans]
    print(f"{corpus}: {len(pool) - len(kept)} of {len(pool)} texts have no silver labels")
    return kept


def write_texts(arguments: argparse.Namespace) -> None:
    """Write the texts of the pools for `annotate-llm`, without their entities."""
    arguments.training.mkdir(parents=True, exist_ok=True)
    for corpus in arguments.names:
        pool, _ = split_train(arguments, corpus)
        lines = (json.dumps({"id": i, "text": text.text}) + "\n" for i, text in enumerate(pool))
        (arguments.training / f"{corpus}.texts.jsonl").write_text("".join(lines), encoding="utf8")


def prepare(arguments: argparse.Namespace) -> None:
    """Score the positives of the pools that are not scored yet."""
    scorers = {
        "ifd": make_language_model_difficulty(str(arguments.language_model)),
        "weak": make_model_difficulty(arguments.checkpoint),
    }
    arguments.training.mkdir(parents=True, exist_ok=True)
    for corpus in arguments.names:
        positives = [text for text in read_pool(arguments, corpus) if text.spans]
        for name, scorer in scorers.items():
            path = scores_path(arguments, corpus, name)
            if path.exists():
                continue
            scores = [(score.value, score.reason) for score in scorer(positives)]
            path.write_text(json.dumps(scores))
            n_dropped = sum(bool(reason) for _, reason in scores)
            print(f"{corpus}, {name}: {len(scores)} positives; {n_dropped} dropped", flush=True)


def scores_path(arguments: argparse.Namespace, corpus: str, scorer: str) -> Path:
    """Return the file of scores that `prepare` writes; it holds for one size of the pool."""
    return Path(arguments.training / f"{corpus}.{scorer}.{arguments.pool}.json")


def read_scores(arguments: argparse.Namespace, corpus: str) -> dict[str, list[tuple[float, str]]]:
    """Return scores and reasons of a corpus's positives, by scorer; the reverse order, too."""
    scores: dict[str, list[tuple[float, str]]] = {}
    for easy in CLEANEST:
        name = easy.removesuffix("-easy")
        scores[name] = json.loads(scores_path(arguments, corpus, name).read_text())
        scores[easy] = [(-value, reason) for value, reason in scores[name]]
    return scores


def run_all(arguments: argparse.Namespace) -> None:
    """Train and measure each run of this worker that is not done."""
    results = Results(arguments, KEYS)
    learner = Learner(make_nlp(arguments.checkpoint, arguments.precision), batch=arguments.batch)
    stopping = Stopping(
        arguments.every, arguments.patience, arguments.steps, keep_last=arguments.silver is not None
    )
    data = {}
    for corpus in arguments.names:
        dev, test = read_held_out(arguments, corpus, arguments.dev)
        scores = read_scores(arguments, corpus)
        data[corpus] = read_pool(arguments, corpus), dev, test, scores
    for run in results.left(conditions(arguments), arguments.worker):
        started = time.perf_counter()
        pool, dev, test, scores = data[run["corpus"]]
        texts = chosen(pool, run, scores)
        stream = endless(texts, run["seed"])
        nlp, step = train_until(learner, stream, dev, stopping, run["seed"])
        row = {**run, "sentences": len(texts), "positives": sum(bool(t.spans) for t in texts)}
        row |= {"entities": sum(len(text.spans) for text in texts)}
        row |= {"silver": arguments.silver is not None, "best_step": step, "tested": len(test)}
        row |= measure(nlp, dev, test)
        results.add({**row, "seconds": round(time.perf_counter() - started, 1)})


def conditions(arguments: argparse.Namespace) -> list[Mapping[str, Any]]:
    """List all runs, so that seeds and corpora advance evenly."""
    selections = ((scorer, ratio) for ratio in arguments.ratios for scorer in arguments.scorers)
    asked = [("all", 1.0), *selections]
    return [
        dict(zip(KEYS, (corpus, scorer, ratio, 1.0, seed), strict=True))
        for seed in range(arguments.seeds)
        for scorer, ratio in asked
        for corpus in arguments.names
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Make a table of strict F1, and of the differences to all and to random positives."""
    lines = []
    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    for scorer, ratio in dict.fromkeys((row["scorer"], row["ratio"]) for row in rows):
        own = _scores(rows, scorer, ratio)
        cells = [
            mean_and_deviation([score for (name, _), score in sorted(own.items()) if name == each])
            for each in corpora
        ]
        gains = []
        for other in (("all", 1.0), ("random", ratio)):
            paired = seed_differences(own, _scores(rows, *other))
            same = other[0] == scorer or scorer == "all"
            gains.append("" if same else shown(paired))
        lines.append([scorer, f"{ratio:.0%}", *cells, *gains])
    return markdown(["positives by", "share", *corpora, "to all", "to random"], lines)


def _scores(
    rows: Sequence[Mapping[str, Any]], scorer: str, ratio: float
) -> dict[tuple[str, int], float]:
    return {
        (row["corpus"], row["seed"]): row["strict_f"]
        for row in rows
        if (row["scorer"], row["ratio"]) == (scorer, ratio)
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and do one of the parts."""
    parser = make_parser(__doc__, corpora=False, checkpoint=True, output=False)
    parts = {"texts": write_texts, "prepare": prepare, "run": run_all}
    parser.add_argument("part", choices=[*parts, "table"])
    add_short_arguments(parser, "curation_paired", steps=2000)
    parser.set_defaults(seeds=5)
    parser.add_argument("--training", type=Path, help="folder for texts and scores")
    parser.add_argument("--language-model", type=Path, help="GGUF file or folder, for IFD")
    parser.add_argument("--silver", type=Path, help="folder of silver labels, CORPUS.jsonl")
    parser.add_argument("--names", nargs="+", default=CORPORA, help="the corpora")
    parser.add_argument("--scorers", nargs="+", default=SCORERS, choices=[*SCORERS, *CLEANEST])
    parser.add_argument("--ratios", type=float, nargs="+", default=RATIOS, help="shares")
    parser.add_argument("--batch", type=int, default=BATCH, help="sentences of a step")
    parser.add_argument("--dev", type=int, default=DEV, help="maximum number of dev sentences")
    parser.add_argument("--precision", default="auto", help="of the model")
    parser.add_argument("--pool", type=int, default=1280, help="sentences of each corpus")
    parser.add_argument("--every", type=int, default=40, help="steps between two looks at dev")
    parser.add_argument("--patience", type=int, default=5, help="looks without a better F1")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    if arguments.part == "table":
        print(table(Results(arguments, KEYS).rows()))
    else:
        parts[arguments.part](arguments)


if __name__ == "__main__":
    main()
