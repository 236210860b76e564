"""Everyday texts: labels together and alone, silence, layout and wording.

    python -m benchmarks.accuracy.everyday --corpora FOLDER [--checkpoint FOLDER] [--output FILE]

Strict micro F1 on characters, at one threshold for all labels. The corpus `everyday_dev` has 24
invented texts. Its 30 labels are annotated in all of them, so every other entity is wrong.

- together: all labels asked at once, with nested and with flat entities.
- alone: each label asked by itself.
- silence_everyday, silence_abstracts: wrong entities of labels that no text holds.
- layout: names found in lists of different layouts.
- wording: the F1 of labels asked in ten ways.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import spacy
from spacy.scorer import PRFScore

from benchmarks.accuracy.evaluation import make_nlp
from benchmarks.accuracy.everyday_labels import ABSENT, LAYOUTS, NAMES, PROMPT_VARIANTS
from benchmarks.common import make_parser, write_results
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

N_ABSTRACTS = 200
PARTS = ("together", "alone", "silence_everyday", "silence_abstracts", "layout", "wording")


def score(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[Any], **options: Any
) -> dict[str, PRFScore]:
    """Count strict matches by label.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The gold texts.
    labels (Sequence[Any]): The labels to ask, as the component's `predict` takes them.
    options (Any): Further arguments of `predict`.
    RETURNS (dict[str, PRFScore]): The counts.
    """
    names = [label["label"] if isinstance(label, dict) else label for label in labels]
    counts = {name: PRFScore() for name in names}
    docs = [nlp.make_doc(text.text) for text in texts]
    found = nlp.get_pipe("gliner_biomed").predict(docs, labels=labels, **options)
    for text, prediction in zip(texts, found, strict=True):
        for name, count in counts.items():
            gold = {(start, end) for start, end, label in text.spans if label == name}
            spans = {(span.start, span.end) for span in prediction.spans if span.label == name}
            count.score_set(spans, gold)
    return counts


def micro(counts: Iterable[PRFScore]) -> PRFScore:
    """Add counts up."""
    total = PRFScore()
    for count in counts:
        total += count
    return total


def percent(count: PRFScore) -> dict[str, float]:
    """Return precision, recall and F1 in percent."""
    values = {"p": count.precision, "r": count.recall, "f": count.fscore}
    return {name: round(100 * value, 1) for name, value in values.items()}


def together(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """Ask all labels at once: nested entities with several labels a span, and flat ones.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The gold texts.
    labels (Sequence[str]): The labels.
    threshold (float): The threshold.
    RETURNS (dict[str, Any]): Scores of both ways, and those of nested entities by label.
    """
    options = {"overlap": "nested", "multi_label": True, "threshold": threshold}
    nested = score(nlp, texts, labels, **options)
    flat = score(nlp, texts, labels, overlap="flat", threshold=threshold)
    by_label = {
        name: {**percent(count), "gold": count.tp + count.fn} for name, count in nested.items()
    }
    result = {"nested": percent(micro(nested.values())), "flat": percent(micro(flat.values()))}
    return {**result, "by_label": by_label}


def alone(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, float]:
    """Ask each label by itself.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The gold texts.
    labels (Sequence[str]): The labels.
    threshold (float): The threshold.
    RETURNS (dict[str, float]): F1 in percent by label, and "mean".
    """
    options = {"overlap": "nested", "threshold": threshold}
    found = {label: percent(score(nlp, texts, [label], **options)[label])["f"] for label in labels}
    return {"mean": round(sum(found.values()) / len(found), 1), **found}


def silence(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], threshold: float
) -> dict[str, float]:
    """Count entities of labels that no text holds, per 1,000 words and label.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The texts.
    threshold (float): The threshold.
    RETURNS (dict[str, float]): The labels asked "alone" and "together".
    """
    n_words = sum(len(text.text.split()) for text in texts)
    rate = 1000 / n_words / len(ABSENT)
    by_itself = [score(nlp, texts, [label], threshold=threshold) for label in ABSENT]
    at_once = score(nlp, texts, ABSENT, threshold=threshold, multi_label=True)
    n_alone = sum(count.fp for counts in by_itself for count in counts.values())
    n_at_once = sum(count.fp for count in at_once.values())
    return {"alone": round(n_alone * rate, 2), "together": round(n_at_once * rate, 2)}


def layout(nlp: spacy.Language, threshold: float) -> dict[str, int]:
    """Count the names in a list that are found exactly.

    nlp (spacy.Language): A pipeline with the component.
    threshold (float): The threshold.
    RETURNS (dict[str, int]): How many of all `NAMES` are found, by layout of the list.
    """
    component = nlp.get_pipe("gliner_biomed")
    found: dict[str, int] = defaultdict(int)
    for name, (before, after) in LAYOUTS.items():
        for label, names in NAMES.items():
            doc = nlp.make_doc("".join(f"{before}{item}{after}" for item in names))
            (prediction,) = component.predict([doc], labels=[*NAMES], threshold=threshold)
            exact = {
                doc.text[span.start : span.end] for span in prediction.spans if span.label == label
            }
            found[name] += len(exact & {*names})
    return dict(found)


def wording(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """Ask a label by each of its prompts, and all others by their names.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The gold texts.
    labels (Sequence[str]): All labels of the texts.
    threshold (float): The threshold.
    RETURNS (dict[str, Any]): F1 in percent by label and prompt with its "spread" (maximum minus
        minimum), and the "largest" spread.
    """
    result: dict[str, Any] = {}
    for label, prompts in PROMPT_VARIANTS.items():
        found = {}
        for prompt in prompts:
            asked = [{"label": x, "prompt": prompt if x == label else x} for x in labels]
            options = {"overlap": "nested", "multi_label": True, "threshold": threshold}
            found[prompt] = percent(score(nlp, texts, asked, **options)[label])["f"]
        result[label] = {"spread": round(max(found.values()) - min(found.values()), 1), **found}
    return {"largest": max(row["spread"] for row in result.values()), **result}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--abstracts", default="bc5cdr", help="test set of abstracts for silence")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    arguments = parser.parse_args(argv)
    nlp = make_nlp(arguments.checkpoint)
    threshold = arguments.threshold
    texts = read_corpus(arguments.corpora, "everyday_dev", ["dev"])
    labels = list(texts[0].annotated or ())
    abstracts = read_corpus(arguments.corpora, arguments.abstracts, ["test"])[:N_ABSTRACTS]
    parts = {
        "together": lambda: together(nlp, texts, labels, threshold),
        "alone": lambda: alone(nlp, texts, labels, threshold),
        "silence_everyday": lambda: silence(nlp, texts, threshold),
        "silence_abstracts": lambda: silence(nlp, abstracts, threshold),
        "layout": lambda: layout(nlp, threshold),
        "wording": lambda: wording(nlp, texts, labels, threshold),
    }
    rows: dict[str, Any] = {}
    for name in arguments.only:
        rows[name] = parts[name]()
        print(name, json.dumps(rows[name]), flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
