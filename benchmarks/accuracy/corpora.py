"""Strict and overlap F1 on the corpora's characters, all gold entities counted.

    python -m benchmarks.accuracy.corpora --corpora FOLDER --split test bc5cdr bionlp13cg ...

Labels are asked as each corpus' meta.json words them. With `--split dev` the best threshold of a
grid is found for each corpus; with `--thresholds FILE` those are used for another split, and 0.5
for corpora that are not in it.
"""

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import spacy
from spacy.scorer import PRFScore

from spacy_gliner_biomed.pipeline.scorers import count_overlap, count_strict
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

MERGED = {"ncbi_disease": "disease"}
GRID = [round(0.05 * i, 2) for i in range(4, 17)]


def evaluate(
    nlp: spacy.Language,
    texts: Sequence[AnnotatedText],
    thresholds: Sequence[float],
    overlap: str = "flat",
    prompts: Mapping[str, str] | None = None,
    counted: Sequence[str] | None = None,
    untyped: bool = False,
) -> dict[float, tuple[PRFScore, PRFScore]]:
    """Strict and overlap counts at each threshold, of all labels or those `counted`; `prompts`
    words labels otherwise; `untyped` counts spans, whatever their labels.

    One prediction at the lowest serves all: the best scores go first, so what a higher threshold
    leaves out never decided about what it keeps.
    """
    component = nlp.get_pipe("gliner_biomed")
    results = {threshold: (PRFScore(), PRFScore()) for threshold in thresholds}
    labels = list(texts[0].annotated)
    groups = [set(counted or labels)] if untyped else [{label} for label in counted or labels]
    for first in range(0, len(texts), 64):
        batch = texts[first : first + 64]
        docs = [nlp.make_doc(text.text) for text in batch]
        asked = [{"label": label, "prompt": (prompts or {}).get(label)} for label in labels]
        options = {"labels": asked, "threshold": min(thresholds), "overlap": overlap}
        for text, prediction in zip(batch, component.predict(docs, **options), strict=True):
            for threshold, (strict, loose) in results.items():
                spans = [span for span in prediction.spans if span.score > threshold]
                for group in groups:
                    found = [(span.start, span.end) for span in spans if span.label in group]
                    gold = [(start, end) for start, end, label in text.spans if label in group]
                    count_strict(strict, gold, found)
                    count_overlap(loose, gold, found)
    return results


def make_nlp(checkpoint: str, precision: str = "float32") -> spacy.Language:
    """A blank pipeline with the component on a checkpoint."""
    nlp = spacy.blank("en")
    config = {"model": {"checkpoint": checkpoint}, "precision": precision}
    nlp.add_pipe("gliner_biomed", config=config)
    return nlp


def percent(strict: PRFScore, loose: PRFScore) -> dict[str, float]:
    """Both F1 in percent."""
    scores = {"strict_f": strict.fscore, "overlap_f": loose.fscore}
    return {name: round(100 * score, 2) for name, score in scores.items()}


def main() -> None:
    """Read the arguments, evaluate, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--checkpoint", default="packaged")
    parser.add_argument("--split", default="test")
    parser.add_argument("--share", type=float, default=1.0, help="first part of the split")
    parser.add_argument("--thresholds", type=Path, help="JSON of thresholds by corpus")
    parser.add_argument("--overlap", default="flat")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--untyped", action="store_true", help="count spans without their labels")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    nlp = make_nlp(arguments.checkpoint, arguments.precision)
    chosen = json.loads(arguments.thresholds.read_text()) if arguments.thresholds else {}
    rows = {}
    for name in arguments.names:
        texts = read_corpus(arguments.corpora, name, [arguments.split], MERGED.get(name))
        texts = texts[: math.ceil(arguments.share * len(texts))]
        default = {"threshold": 0.5}  # of corpora without a dev split
        grid = [chosen.get(name, default)["threshold"]] if arguments.thresholds else GRID
        started = time.perf_counter()
        results = evaluate(nlp, texts, grid, arguments.overlap, untyped=arguments.untyped)
        threshold = max(results, key=lambda value: results[value][0].fscore)
        strict, loose = results[threshold]
        rows[name] = {
            "documents": len(texts),
            "threshold": threshold,
            "strict_p": round(100 * strict.precision, 2),
            "strict_r": round(100 * strict.recall, 2),
            **percent(strict, loose),
            "seconds": round(time.perf_counter() - started, 1),
        }
        print(name, rows[name], flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
