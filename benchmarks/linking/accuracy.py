"""Accuracy of linking on gold mentions whose id is in the terminology.

    python -m benchmarks.linking.accuracy mesh --corpora FOLDER --ontologies FOLDER
    python -m benchmarks.linking.accuracy mesh --corpora FOLDER --ontologies FOLDER --split dev
    python -m benchmarks.linking.accuracy genes cells species --corpora FOLDER --ontologies FOLDER

Accuracies are at 1 and at 5; any gold id counts. Settings:

- trigrams: character trigrams with min_df=10, as scispaCy indexes them, searched exactly. Needs
  scikit-learn.
- without memory.
- with memory: with the mentions of the training set and, for the test split, the development set.
- both of them with vectors of names, for each of `--weights`, if `--encoder` is given.
"""

import argparse
import gzip
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import make_parser, write_results
from benchmarks.linking.rules import RULES
from spacy_gliner_biomed.linking.entities import document_abbreviations, make_mention
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import words
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.name_vectors import NameEncoder
from spacy_gliner_biomed.linking.sources.formats import read_concepts
from spacy_gliner_biomed.models.gliner import GLiNER_v1, NewGLiNER_v1

# What is measured: corpora with the label of all their mentions (None: that of the file), and the
# terminology.
TASKS: dict[str, tuple[dict[str, str | None], str]] = {
    "mesh": ({"bc5cdr": None, "ncbi_disease": "Disease"}, "mesh_descriptors.jsonl.gz"),
    "genes": ({"nlm_gene": None}, "ncbigene_human.jsonl.gz"),
    "cells": ({"craft": None}, "cell_ontology.jsonl.gz"),
    "species": ({"linnaeus": None, "tmvar3": None}, "ncbitaxon_slim.jsonl.gz"),
}


@dataclass(frozen=True)
class GoldMention:
    """A mention with the gold ids that are in the terminology."""

    mention: Mention
    ids: frozenset[str]


def read_mentions(path: Path, kb: KnowledgeBase, label: str | None) -> Iterator[GoldMention]:
    """Yield the gold mentions of a file whose id is in the terminology.

    path (Path): A .jsonl.gz file.
    kb (KnowledgeBase): The terminology.
    label (str | None): The label of all mentions; None takes those of the file.
    YIELDS (GoldMention): The mentions.
    """
    with gzip.open(path, "rt", encoding="utf8") as file:
        for line in file:
            document = json.loads(line)
            text, entities = document["text"], document["entities"]
            spans = sorted({(entity["start"], entity["end"]) for entity in entities})
            short = document_abbreviations(text, spans)
            context = frozenset(words(text))
            for entity in entities:
                ids = {i for i in re.split(r"[|;,+]", entity.get("id") or "") if i in kb}
                if ids:
                    name, kind = entity["text"], label or entity["label"]
                    mention = make_mention(name, kind, short, context)
                    yield GoldMention(mention, frozenset(ids))


def accuracy(ranked: Iterable[Sequence[str]], gold: Sequence[GoldMention]) -> tuple[float, float]:
    """Return the accuracies at 1 and at 5, in percent."""
    at_1 = at_5 = 0
    for ids, expected in zip(ranked, gold, strict=True):
        at_1 += not expected.ids.isdisjoint(ids[:1])
        at_5 += not expected.ids.isdisjoint(ids[:5])
    return 100 * at_1 / len(gold), 100 * at_5 / len(gold)


def by_trigrams(kb: KnowledgeBase, gold: Sequence[GoldMention]) -> Iterator[list[str]]:
    """Rank concepts by the cosine of character trigrams: the baseline."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    tables = kb.tables
    rows: dict[str, set[int]] = {}
    for row in range(len(tables.names)):
        rows.setdefault(tables.names[row], set()).add(int(tables.concepts[row]))
    aliases = list(rows)
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), min_df=10, dtype=np.float32
    )
    index = vectorizer.fit_transform(aliases).T.tocsr()
    texts = sorted({g.mention.text for g in gold})
    found = {}
    for first in range(0, len(texts), 64):
        batch = texts[first : first + 64]
        scores = (vectorizer.transform(batch) @ index).tocsr()
        for i, text in enumerate(batch):
            row = scores[i]
            best = np.argsort(-row.data, kind="stable")[:30]
            concepts = dict.fromkeys(c for j in best for c in sorted(rows[aliases[row.indices[j]]]))
            found[text] = [tables.ids[number] for number in concepts]
    yield from (found[g.mention.text] for g in gold)


def make_memory(gold: Iterable[GoldMention]) -> MentionMemory:
    """Make a memory of gold mentions."""
    memory = MentionMemory()
    for g in gold:
        memory.add(g.mention.label, g.mention.text, g.mention.long_form, sorted(g.ids))
    return memory


def ranked_ids(linker: ConceptLinker, gold: Iterable[GoldMention]) -> Iterator[list[str]]:
    """Yield the ids that a linker ranks for each mention."""
    gold = list(gold)
    linker.prepare(g.mention for g in gold)
    for g in gold:
        yield [concept_id for concept_id, _ in linker.rank(g.mention)]


@cache
def make_encoder(name: str) -> NameEncoder:
    """Load the encoder of a GLiNER checkpoint, or a pretrained encoder."""
    pretrained = Path(name).is_dir() and not (Path(name) / "gliner_config.json").exists()
    return NameEncoder(NewGLiNER_v1(name) if pretrained else GLiNER_v1(name))


def load(path: Path) -> KnowledgeBase:
    """Build a knowledge base of a whole terminology."""
    return KnowledgeBase.build(read_concepts(path), name=path.name.split(".")[0])


def measure(
    corpus: str, kb: KnowledgeBase, arguments: argparse.Namespace, label: str | None
) -> dict[str, list[float]]:
    """Measure one corpus with each setting.

    corpus (str): The corpus.
    kb (KnowledgeBase): The terminology.
    arguments (argparse.Namespace): The command line.
    label (str | None): The label of all mentions; None takes those of the file.
    RETURNS (dict[str, list[float]]): Accuracy at 1 and at 5 by setting.
    """
    folder = arguments.corpora / corpus
    gold = list(read_mentions(folder / f"{arguments.split}.jsonl.gz", kb, label))
    known = ["train"] if arguments.split == "dev" else ["train", "dev"]
    files = [folder / f"{split}.jsonl.gz" for split in known]
    earlier = [g for f in files if f.exists() for g in read_mentions(f, kb, label)]
    print(f"{corpus} {arguments.split}: {len(gold):,} mentions, {kb.manifest['names']:,} names")
    table = {}
    for name, ranked in rankings(kb, gold, earlier, arguments):
        started = time.perf_counter()
        table[name] = [round(value, 1) for value in accuracy(ranked, gold)]
        seconds = time.perf_counter() - started
        print(f"  {name:30} {table[name][0]:5} {table[name][1]:5}   {seconds:6.1f} s", flush=True)
    return table


def rankings(
    kb: KnowledgeBase,
    gold: Sequence[GoldMention],
    earlier: Sequence[GoldMention],
    arguments: argparse.Namespace,
) -> Iterator[tuple[str, Iterable[Sequence[str]]]]:
    """Yield the name of each setting and the ids that it ranks.

    kb (KnowledgeBase): The terminology.
    gold (Sequence[GoldMention]): The mentions to link.
    earlier (Sequence[GoldMention]): The mentions to remember.
    arguments (argparse.Namespace): The command line.
    YIELDS (tuple[str, Iterable[Sequence[str]]]): Name, and ranked ids of each mention.
    """
    if arguments.baseline:
        yield "trigrams", by_trigrams(kb, gold)
    rules = [LabelRule.parse(rule) for rule in RULES] if kb.name.startswith("mesh") else []
    encoder = make_encoder(arguments.encoder) if arguments.encoder else None
    for weight in [0.0, *(arguments.weights if encoder else ())]:
        vectors = encoder.vectors([kb], weight) if encoder and weight else None
        for name, memory in (("without", MentionMemory()), ("with", make_memory(earlier))):
            linker = ConceptLinker([kb], rules, memory, vectors=vectors)
            added = f", vectors {weight}" if weight else ""
            yield f"{name} memory{added}", ranked_ids(linker, gold)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("tasks", nargs="+", choices=TASKS)
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of terminologies")
    parser.add_argument("--split", default="test")
    parser.add_argument("--no-baseline", dest="baseline", action="store_false")
    parser.add_argument("--encoder", help="of names: a GLiNER checkpoint or pretrained encoder")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.6], help="of vectors")
    arguments = parser.parse_args(argv)
    rows: dict[str, dict[str, Any]] = {}
    for task in arguments.tasks:
        corpora, file_name = TASKS[task]
        kb = load(arguments.ontologies / file_name)
        for corpus, label in corpora.items():
            for setting, found in measure(corpus, kb, arguments, label).items():
                rows.setdefault(setting, {"setting": setting})[corpus] = found
    write_results(arguments.output, list(rows.values()), arguments)


if __name__ == "__main__":
    main()
