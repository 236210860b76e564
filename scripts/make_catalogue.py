"""Write the catalogue of trained labels of a checkpoint, with F1 on held-out documents.

    python scripts/make_catalogue.py CHECKPOINT --config configs/packaged_everyday.cfg \
        --corpora CORPORA --exclude CORPORA/test_overlap.json

The labels are those of the corpora in the training config; a corpus that annotates other labels
in each text (everyday texts) gives those that occur often enough. F1 is strict, nested, with all
labels of a corpus asked together at 0.5, on the first tenth of its dev split, which training
leaves out; of a label of several corpora, the one with most gold entities counts. Examples are
from the texts of this repository alone.
"""

import argparse
import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from spacy import util
from spacy.scorer import PRFScore

from spacy_gliner_biomed.models.catalogue import TrainedLabel, write_catalogue
from spacy_gliner_biomed.models.hub import LABELS_NAME
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.families import FAMILIES, FAMILY_OF
from spacy_gliner_biomed.training.prompt_variants import PROMPT_VARIANTS
from spacy_gliner_biomed.training.readers import read_corpus

MIN_MENTIONS = 20  # of a label in all training texts
MIN_GOLD = 20  # held-out entities, for an F1
N_EXAMPLES = 3
HELD_OUT = 0.1


def family_of(label: str) -> str:
    """The family of a label, "other" if it has none."""
    by_word = {word: family for family, words in FAMILIES.items() for word in words}
    return FAMILY_OF.get(label) or by_word.get(label, "other")


def held_out(texts: Sequence[AnnotatedText]) -> Sequence[AnnotatedText]:
    """The part of a dev split that training leaves out."""
    return texts[: math.ceil(HELD_OUT * len(texts))]


def label_scores(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Gold entities and F1 in percent of each label."""
    counts = {label: PRFScore() for label in labels}
    options = {"labels": labels, "overlap": "nested", "multi_label": True, "threshold": 0.5}
    docs = [nlp.make_doc(text.text) for text in texts]
    found = nlp.get_pipe("gliner_biomed").predict(docs, **options)
    for text, prediction in zip(texts, found, strict=True):
        for label, count in counts.items():
            gold = {(start, end) for start, end, name in text.spans if name == label}
            spans = {(span.start, span.end) for span in prediction.spans if span.label == label}
            count.score_set(spans, gold)
    return {label: (c.tp + c.fn, 100 * c.fscore) for label, c in counts.items()}


def mentions_of(folder: Path, corpus: str, left_out: dict[str, dict[str, object]]) -> Iterator:
    """Label and text of each training mention."""
    labels = json.loads((folder / corpus / "meta.json").read_text(encoding="utf8"))["labels"]
    for split in ("train", "dev"):
        path = folder / corpus / f"{split}.jsonl.gz"
        if not path.exists():
            continue
        with gzip.open(path, "rt", encoding="utf8") as file:
            for line in map(json.loads, file):
                if line.get("id") in left_out.get(corpus, {}).get(split, {}):
                    continue
                for entity in line["entities"]:
                    label = labels.get(entity["label"], entity["label"])
                    yield label, line["text"][entity["start"] : entity["end"]]


def main() -> None:
    """Read the arguments, count, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--more", type=Path, default=Path("data"))
    parser.add_argument("--exclude", type=Path)
    arguments = parser.parse_args()
    train = util.load_config(arguments.config)["corpora"]["train"]
    left_out = json.loads(arguments.exclude.read_text()) if arguments.exclude else {}
    merged = train.get("merge_labels", {})
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"model": {"checkpoint": str(arguments.checkpoint)}})
    n_mentions: Counter[str] = Counter()
    texts: dict[str, Counter[str]] = defaultdict(Counter)
    scores: dict[str, tuple[int, float]] = {}
    for corpus in train["weights"]:
        here = (arguments.corpora / corpus).exists()
        folder = arguments.corpora if here else arguments.more
        for label, mention in mentions_of(folder, corpus, left_out):
            name = merged.get(corpus, label)
            n_mentions[name] += 1
            if "\n" not in mention and (arguments.more / corpus).exists():
                texts[name][mention] += 1
        if not (folder / corpus / "dev.jsonl.gz").exists():
            continue
        part = held_out(read_corpus(folder, corpus, ["dev"], merged.get(corpus)))
        asked = list(dict.fromkeys(label for text in part for label in text.annotated or ()))
        if len(asked) > 60:  # everyday texts: what is annotated in each of them
            everywhere = set.intersection(*(set(text.annotated or ()) for text in part))
            asked = [label for label in asked if label in everywhere]
        for label, (gold, f1) in label_scores(nlp, part, asked).items():
            if gold >= max(MIN_GOLD, scores.get(label, (0, 0.0))[0]):
                scores[label] = (gold, f1)
    rows = [
        TrainedLabel(
            label=label,
            family=family_of(label),
            prompt_variants=PROMPT_VARIANTS.get(label, []),
            examples=[mention for mention, _ in texts[label].most_common(N_EXAMPLES)],
            mentions=count,
            f1=round(scores[label][1], 1) if label in scores else None,
        )
        for label, count in n_mentions.most_common()
        if count >= MIN_MENTIONS
    ]
    write_catalogue(rows, arguments.checkpoint / LABELS_NAME)
    print(f"{len(rows)} labels, {sum(row.f1 is not None for row in rows)} with F1")


if __name__ == "__main__":
    main()
