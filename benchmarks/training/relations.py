"""Chemical-induced disease in BC5CDR: train relations with configs/relations.cfg, and measure them.

    python -m benchmarks.training.relations --corpora FOLDER --training training/cid --steps 600

A relation is right if the document's annotation has it: a chemical and a disease by concept id.
Mentions get their concept ids from the corpus. Found mentions that the corpus does not have, have
none, so that their relations are wrong. Interrupted training is resumed. The threshold of the
relation is chosen on dev.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy import util
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp

from benchmarks.common import CONFIGS, make_parser, markdown, write_results
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.row_making import row_maker
from spacy_gliner_biomed.pipeline.training_run import TrainingRun
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.training.hierarchy import concept_ids
from spacy_gliner_biomed.training.line_relations import read_document_relations
from spacy_gliner_biomed.training.readers import RELATIONS_NAME, read_corpus, read_relations
from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.sampling import LabelSampler

CONFIG, CORPUS = CONFIGS / "relations.cfg", "bc5cdr"
HEAD, TAIL = "chemical", "disease"
RELATION = {"relation": "CID", "prompt": "induces", "head": [HEAD], "tail": [TAIL]}
WATCHED = 10  # documents of dev that are evaluated during training
LOWEST = 0.02  # threshold of the relations that are compared
GRID = [i / 50 for i in range(1, 50)]

# Concepts of a chemical and a disease, and their best score in a document.
Scores = dict[tuple[str, str], float]
Pairs = set[tuple[str, str]]


def read_texts(corpora: Path, split: str, limit: int = 0) -> list[AnnotatedText]:
    """Read documents with the relations between all mentions of related concepts.

    corpora (Path): The folder of corpora.
    split (str): The split.
    limit (int): Maximum number of documents; 0 for all.
    RETURNS (list[AnnotatedText]): The documents.
    """
    texts = read_corpus(corpora, CORPUS, [split])[: limit or None]
    return read_relations(texts, corpora / CORPUS / RELATIONS_NAME)


def write_docs(texts: Iterable[AnnotatedText], path: Path) -> None:
    """Write a DocBin for training."""
    nlp, docs = spacy.blank("en"), DocBin(store_user_data=True)
    for text in texts:
        docs.add(gold_doc(nlp, text, "sc"))
    path.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(path)


def train(arguments: argparse.Namespace, dev: Sequence[AnnotatedText]) -> spacy.Language:
    """Train, or continue an interrupted training.

    arguments (argparse.Namespace): The command line.
    dev (Sequence[AnnotatedText]): Documents to evaluate on during training.
    RETURNS (spacy.Language): The pipeline after the last step.
    """
    paths = {name: arguments.training / f"{name}.spacy" for name in ("train", "dev")}
    if not paths["train"].exists():
        write_docs(dev, paths["dev"])
        write_docs(read_texts(arguments.corpora, "train", arguments.limit), paths["train"])
    overrides = {
        "paths.train": str(paths["train"]),
        "paths.dev": str(paths["dev"]),
        "paths.checkpoint": arguments.checkpoint,
        "components.gliner_biomed.relations": [RELATION],
        "training.max_steps": arguments.steps,
        "training.optimizer.learn_rate.total_steps": arguments.schedule_steps or arguments.steps,
        "training.eval_frequency": arguments.evaluate_every or arguments.steps,
        "training.batcher.size": arguments.words,
    }
    config = util.load_config(CONFIG, overrides=overrides, interpolate=False)
    output = arguments.training / "run"
    output.mkdir(exist_ok=True)
    return spacy.load(TrainingRun(init_nlp(config), output).run(sys.stdout, sys.stderr))


def found_scores(nlp: spacy.Language, texts: Sequence[AnnotatedText]) -> Iterator[Scores]:
    """Yield the relations between found entities in each document.

    nlp (spacy.Language): The trained pipeline.
    texts (Sequence[AnnotatedText]): The documents.
    YIELDS (Scores): The relations; a mention that the corpus does not have stands for itself.
    """
    options = {"relations": [{**RELATION, "threshold": LOWEST}]}
    settings = {"gliner_biomed": options}
    docs = nlp.pipe((text.text for text in texts), component_cfg=settings)
    for text, doc in zip(texts, docs, strict=True):
        concepts, scores = concepts_of(text), Scores()
        for relation in doc._.relations:
            ends = [
                concepts.get((span.start_char, span.end_char)) or [f"text:{span.text.lower()}"]
                for span in (relation.head, relation.tail)
            ]
            keep_best(scores, ends[0], ends[1], relation.score)
        yield scores


def gold_scores(component: GlinerBiomed, texts: Sequence[AnnotatedText]) -> Iterator[Scores]:
    """Yield the relations between gold entities in each document.

    component (GlinerBiomed): The trained component.
    texts (Sequence[AnnotatedText]): The documents.
    YIELDS (Scores): The relations.
    """
    labels = LabelSampler(all_negatives=1.0, vary=0.0)
    settings = component.settings(relations=[RELATION])
    make = row_maker(component.model, settings, labels, RelationSampler(all_negatives=1.0))
    for text in texts:
        gold = Gold(text.spans, [HEAD, TAIL], relations=[], annotated_relations=["CID"])
        words, first, scores = split_words(text.text, make.splitter), 0, Scores()
        concepts, kinds = concepts_of(text), {(a, b): label for a, b, label in text.spans}
        for row in make(text.text, gold, [HEAD, TAIL]):
            assert row.relations is not None
            spans = row.relations.spans
            (output,), _ = network_shim(component.model).begin_related([row.row], [spans], 0.0)
            starts, ends = words.starts[spans.starts + first], words.ends[spans.ends + first - 1]
            mentions = list(zip(starts.tolist(), ends.tolist(), strict=True))
            probabilities = 1 / (1 + np.exp(-output.pairs[:, 0]))
            for i, j, score in zip(spans.heads, spans.tails, probabilities, strict=True):
                head, tail = mentions[i], mentions[j]
                if kinds[head] == HEAD and kinds[tail] == TAIL and score > LOWEST:
                    keep_best(scores, concepts.get(head, ()), concepts.get(tail, ()), float(score))
            first += len(row.row.word_positions)
        yield scores


def keep_best(scores: Scores, heads: Iterable[str], tails: Iterable[str], score: float) -> None:
    """Add the relations of a pair of mentions; of several mentions, the best score counts."""
    for head in heads:
        for tail in tails:
            scores[head, tail] = max(score, scores.get((head, tail), 0.0))


def concepts_of(text: AnnotatedText) -> dict[tuple[int, int], list[str]]:
    """Return the concept ids of each mention by its characters."""
    return {(start, end): concept_ids(ids) for start, end, _, ids in text.concepts}


def gold_pairs(texts: Sequence[AnnotatedText], corpora: Path) -> list[Pairs]:
    """Return the annotated relations of each document, also those without a mention."""
    by_document, _ = read_document_relations(corpora / CORPUS / RELATIONS_NAME)
    return [{(head, tail) for head, tail, _ in by_document.get(t.name, ())} for t in texts]


def all_pairs(text: AnnotatedText, *, together: bool) -> Pairs:
    """Return all pairs of a chemical and a disease.

    text (AnnotatedText): The document.
    together (bool): Only those with mentions in one sentence.
    RETURNS (Pairs): By concept.
    """
    parts = text.sentences if together else [(0, len(text.text))]
    pairs: Pairs = set()
    for start, end in parts:
        inside = [x for x in text.concepts if start <= x[0] and x[1] <= end]
        ends = [
            {concept for *_, name, ids in inside if name == label for concept in concept_ids(ids)}
            for label in (HEAD, TAIL)
        ]
        pairs |= {(head, tail) for head in ends[0] for tail in ends[1]}
    return pairs


def measure(found: Iterable[Pairs], gold: Iterable[Pairs]) -> dict[str, float]:
    """Return precision, recall and F1 in percent, over all documents."""
    right = n_found = n_gold = 0
    for mine, wanted in zip(found, gold, strict=True):
        right, n_found, n_gold = (
            right + len(mine & wanted),
            n_found + len(mine),
            n_gold + len(wanted),
        )
    precision, recall = right / max(n_found, 1), right / max(n_gold, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {name: round(100 * x, 1) for name, x in (("p", precision), ("r", recall), ("f", f1))}


def above(scores: Iterable[Scores], threshold: float) -> list[Pairs]:
    """Return the relations above a threshold in each document."""
    return [{pair for pair, score in each.items() if score > threshold} for each in scores]


def best_threshold(scores: Sequence[Scores], gold: Sequence[Pairs]) -> float:
    """Return the threshold with the best F1; the lowest of equals."""
    return max(GRID, key=lambda threshold: measure(above(scores, threshold), gold)["f"])


def evaluate(
    nlp: spacy.Language, splits: Mapping[str, Sequence[AnnotatedText]], corpora: Path
) -> list[dict[str, Any]]:
    """Measure on test, with thresholds chosen on dev.

    nlp (spacy.Language): The trained pipeline.
    splits (Mapping[str, Sequence[AnnotatedText]]): The documents of "dev" and "test".
    corpora (Path): The folder of corpora.
    RETURNS (list[dict[str, Any]]): A row for each way to find relations.
    """
    dev, test = splits["dev"], splits["test"]
    gold = {name: gold_pairs(texts, corpora) for name, texts in splits.items()}
    rows: list[dict[str, Any]] = []
    for name, together in (("all pairs", False), ("pairs in one sentence", True)):
        found = [all_pairs(text, together=together) for text in test]
        rows.append({"entities": "gold", "relations": name, **measure(found, gold["test"])})
    component = nlp.get_pipe("gliner_biomed")
    ways = {
        "gold": lambda texts: list(gold_scores(component, texts)),
        "found": lambda texts: list(found_scores(nlp, texts)),
    }
    for entities, score in ways.items():
        threshold = best_threshold(score(dev), gold["dev"])
        scores = score(test)
        row = {"entities": entities, "relations": "trained", "threshold": threshold}
        rows.append({**row, **measure(above(scores, threshold), gold["test"])})
        print(rows[-1], flush=True)
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, train and evaluate, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("--training", type=Path, required=True, help="folder for the models")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--schedule-steps", type=int, help="of the learning rate; default: --steps")
    parser.add_argument("--evaluate-every", type=int, default=0, help="steps; 0: at the end only")
    parser.add_argument("--words", type=int, default=1000, help="of a batch")
    parser.add_argument("--limit", type=int, default=0, help="maximum documents to train on")
    parser.add_argument("--measured", type=int, default=0, help="maximum documents of dev and test")
    arguments = parser.parse_args(argv)
    splits = {
        name: read_texts(arguments.corpora, name, arguments.measured) for name in ("dev", "test")
    }
    nlp = train(arguments, splits["dev"][:WATCHED])
    rows = evaluate(nlp, splits, arguments.corpora)
    head = ["entities", "relations", "threshold", "p", "r", "f"]
    print(markdown(head, [[str(row.get(key, "-")) for key in head] for row in rows]))
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
