"""Accuracy of linking on gold mentions whose id is in the terminology, and from raw text.

    python -m benchmarks.linking.accuracy --corpora FOLDER --ontologies FOLDER mesh
    python -m benchmarks.linking.accuracy --corpora FOLDER --ontologies FOLDER mesh --split dev
    python -m benchmarks.linking.accuracy --corpora FOLDER --ontologies FOLDER genes cells
    python -m benchmarks.linking.accuracy --corpora FOLDER --ontologies FOLDER text --checkpoint packaged
    python -m benchmarks.linking.accuracy --corpora FOLDER --ontologies FOLDER speed

"exact": character trigrams with min_df=10, as scispaCy indexes them, searched exactly (needs
scikit-learn). "ours": without memory. "memory": with the mentions of the training and, for the
test split, development sets. With --encoder, each also with vectors of names, by their weight.
Accuracies are at 1 and at 5; any gold id counts.
"""

import argparse
import gzip
import json
import random
import re
import resource
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spacy_gliner_biomed.linking.entities import document_abbreviations, make_mention
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import words
from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule
from spacy_gliner_biomed.linking.loading import make_knowledge_base
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.name_vectors import NameEncoder
from spacy_gliner_biomed.linking.sources.formats import read_concepts
from spacy_gliner_biomed.models.gliner import GLiNER_v1, NewGLiNER_v1

DISEASES = ["Diseases", "Psychiatry and Psychology", "Phenomena and Processes", ""]
RULES = [
    {"label": "Disease", "types": DISEASES},
    {"label": "Chemical", "types": ["Chemicals and Drugs", ""]},
]
SHOWN = ["link_p", "link_r", "link_f", "link_near_f", "link_acc1", "link_acc5"]


@dataclass(frozen=True)
class GoldMention:
    """A mention with the gold ids that are in the terminology."""

    mention: Mention
    ids: frozenset[str]


def read_mentions(path: Path, kb: KnowledgeBase, label: str | None) -> Iterator[GoldMention]:
    """Gold mentions of a split whose id is in the terminology."""
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
    """Percentages at 1 and at 5."""
    at_1 = at_5 = 0
    for ids, expected in zip(ranked, gold, strict=True):
        at_1 += not expected.ids.isdisjoint(ids[:1])
        at_5 += not expected.ids.isdisjoint(ids[:5])
    return 100 * at_1 / len(gold), 100 * at_5 / len(gold)


def by_trigrams(kb: KnowledgeBase, gold: Sequence[GoldMention]) -> Iterator[list[str]]:
    """The baseline: cosine of character trigrams, the best alias of each concept."""
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
    """A memory of gold mentions."""
    memory = MentionMemory()
    for g in gold:
        memory.add(g.mention.label, g.mention.text, g.mention.long_form, sorted(g.ids))
    return memory


def ranked_ids(linker: ConceptLinker, gold: Iterable[GoldMention]) -> Iterator[list[str]]:
    """What a linker ranks for each mention."""
    gold = list(gold)
    linker.prepare(g.mention for g in gold)
    for g in gold:
        yield [concept_id for concept_id, _ in linker.rank(g.mention)]


@cache
def make_encoder(name: str) -> NameEncoder:
    """The encoder of a GLiNER checkpoint, or a pretrained one."""
    pretrained = Path(name).is_dir() and not (Path(name) / "gliner_config.json").exists()
    return NameEncoder(NewGLiNER_v1(name) if pretrained else GLiNER_v1(name))


def load(path: Path) -> KnowledgeBase:
    """A terminology as it is."""
    return KnowledgeBase.build(read_concepts(path), name=path.name.split(".")[0])


def run(
    corpus: str,
    kb: KnowledgeBase,
    arguments: argparse.Namespace,
    rules: Sequence[LabelRule] = (),
    label: str | None = None,
) -> None:
    """Print one corpus' table."""
    folder = arguments.corpora / corpus
    gold = list(read_mentions(folder / f"{arguments.split}.jsonl.gz", kb, label))
    known = ["train"] if arguments.split == "dev" else ["train", "dev"]
    files = [folder / f"{split}.jsonl.gz" for split in known]
    earlier = [g for f in files if f.exists() for g in read_mentions(f, kb, label)]
    print(f"{corpus} {arguments.split}: {len(gold):,} mentions, {kb.manifest['names']:,} names")
    results: dict[str, Iterable[Sequence[str]]] = {}
    if arguments.baseline:
        results["exact"] = by_trigrams(kb, gold)
    encoder = make_encoder(arguments.encoder) if arguments.encoder else None
    for weight in [0.0, *(arguments.weights if encoder else ())]:
        vectors = encoder.vectors([kb], weight) if encoder and weight else None
        for name, memory in (("ours", MentionMemory()), ("memory", make_memory(earlier))):
            linker = ConceptLinker([kb], rules, memory, vectors=vectors)
            results[f"{name}, {weight}" if weight else name] = ranked_ids(linker, gold)
    for name, ranked in results.items():
        started = time.perf_counter()
        at_1, at_5 = accuracy(ranked, gold)
        seconds = time.perf_counter() - started
        print(f"  {name:11} {at_1:5.1f} {at_5:5.1f}   {seconds:6.1f} s", flush=True)


def run_text(arguments: argparse.Namespace) -> None:
    """End-to-end on BC5CDR from raw text: entities, and links with the memory of train and dev."""
    import spacy

    nlp = spacy.blank("en")
    labels = json.loads((arguments.corpora / "bc5cdr" / "meta.json").read_text())["labels"]
    ner = {"labels": list(labels.values()), "model": {"checkpoint": arguments.checkpoint}}
    nlp.add_pipe("gliner_biomed", config=ner)
    rules = [{**rule, "label": labels[rule["label"]]} for rule in RULES]
    linker = nlp.add_pipe("gliner_biomed_linker", config={"spans_key": "sc", "labels": rules})
    linker.cfg["candidate_threshold"] = 0.0
    known = ["train", "dev"] if arguments.split == "test" else ["train"]
    for memory in (False, True):
        linker.cfg["memory"] = memory
        linker.initialize(
            list,
            nlp=nlp,
            kb=make_knowledge_base([arguments.ontologies / "mesh_descriptors.jsonl.gz"]),
            mentions=make_linked_corpus(arguments.corpora, known, ["bc5cdr"]),
        )
        for gold in (True, False):
            read = make_linked_corpus(
                arguments.corpora,
                [arguments.split],
                ["bc5cdr"],
                gold_mentions=gold,
                limit=arguments.documents,
            )
            with nlp.select_pipes(disable=["gliner_biomed"] if gold else []):
                scores = nlp.evaluate(list(read(nlp)))
            shown = {key: round(100 * scores[key], 1) for key in SHOWN if scores[key]}
            print(f"memory={memory}, gold mentions={gold}: {shown}", flush=True)


def run_speed(arguments: argparse.Namespace) -> None:
    """Mentions a second of our linker and of scispaCy's, over Docs with BC5CDR's gold entities,
    at some numbers of aliases, in turns.
    """
    import spacy

    concepts = list(read_concepts(arguments.ontologies / "mesh_descriptors.jsonl.gz"))
    read = make_linked_corpus(
        arguments.corpora, ["test"], ["bc5cdr"], gold_mentions=True, limit=arguments.documents
    )
    for size in arguments.aliases:
        some, nlp = some_concepts(concepts, size), spacy.blank("en")
        started = time.perf_counter()
        kb = KnowledgeBase.build(some, name="mesh")
        linker = nlp.add_pipe("gliner_biomed_linker")
        linker.kbs = [kb]
        systems, builds = {"ours": linker}, {"ours": time.perf_counter() - started}
        if arguments.baseline:
            started = time.perf_counter()
            systems["scispaCy"] = scispacy_linker(some)
            builds["scispaCy"] = time.perf_counter() - started
        rates: dict[str, list[float]] = {name: [] for name in systems}
        for _ in range(arguments.rounds):
            for name, system in systems.items():
                examples = list(read(nlp))
                rates[name].append(link_rate(examples, system))
                if len(rates[name]) == arguments.rounds:
                    report(name, kb, builds[name], rates[name], examples)


def link_rate(examples: Sequence[Any], linker: Any) -> float:
    """Mentions a second, as spaCy calls the linker; of ours, with nothing looked up before."""
    docs = [example.predicted for example in examples]
    if hasattr(linker, "kbs"):
        linker._set_kbs(linker.kbs)  # as one that has looked up nothing yet
    started = time.perf_counter()
    for _ in linker.pipe(docs) if hasattr(linker, "pipe") else map(linker, docs):
        pass
    return sum(len(doc.ents) for doc in docs) / (time.perf_counter() - started)


def report(
    name: str, kb: KnowledgeBase, build: float, rates: Sequence[float], examples: Iterable[Any]
) -> None:
    """Print the median rate, and accuracy at 1 of `Span._.kb_ents`."""
    right = total = 0
    for example in examples:
        for gold, ent in zip(example.reference.ents, example.predicted.ents, strict=True):
            ids = {i for i in gold.kb_id_.split("|") if i in kb}
            total += bool(ids)
            right += bool(ids & {pair[0] for pair in ent._.kb_ents[:1]})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{name}, {kb.manifest['names']:,} names: build {build:.1f} s, median "
        f"{statistics.median(rates):,.0f} of {', '.join(f'{rate:,.0f}' for rate in rates)} "
        f"mentions/s, accuracy at 1 {100 * right / max(total, 1):.1f}, peak memory so far "
        f"{peak:.2f} GB",
        flush=True,
    )


def some_concepts(concepts: Sequence[Concept], size: int) -> list[Concept]:
    """Some concepts, at random, with this many names together, at least."""
    some, names = [], 0
    for concept in random.Random(0).sample(concepts, len(concepts)):
        if names >= size:
            break
        some.append(concept)
        names += len(concept.names)
    return some


def scispacy_linker(concepts: Sequence[Concept]) -> Any:
    """The linker of scispaCy with an index of its own settings. Its released version refuses to
    build one with newer versions of scipy, which its next one does not.
    """
    import scispacy.candidate_generation as generation
    from scispacy.linking import EntityLinker
    from scispacy.linking_utils import Entity
    from scispacy.linking_utils import KnowledgeBase as Entities

    generation.scipy_supports_sparse_float16 = lambda: True
    entities = [
        Entity(c.concept_id, c.canonical_name, list(c.aliases), list(c.types), c.definition)
        for c in concepts
    ]
    return EntityLinker.from_kb(Entities(entities), filter_for_definitions=False)


def main() -> None:
    """Read the arguments and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=["mesh", "genes", "cells", "text", "speed"])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--ontologies", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--no-baseline", dest="baseline", action="store_false")
    parser.add_argument("--checkpoint", default="packaged", help="of 'text'")
    parser.add_argument("--encoder", help="of names: a GLiNER checkpoint or pretrained encoder")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.6], help="of vectors")
    parser.add_argument("--aliases", type=int, nargs="+", default=[30_000, 125_000])
    parser.add_argument("--documents", type=int, default=0, help="at most; 0 for all")
    parser.add_argument("--rounds", type=int, default=3, help="of 'speed', in turns")
    arguments = parser.parse_args()
    if "mesh" in arguments.what:
        kb = load(arguments.ontologies / "mesh_descriptors.jsonl.gz")
        rules = [LabelRule.parse(rule) for rule in RULES]
        run("bc5cdr", kb, arguments, rules)
        run("ncbi_disease", kb, arguments, rules, label="Disease")
    if "genes" in arguments.what:
        run("nlm_gene", load(arguments.ontologies / "ncbigene_human.jsonl.gz"), arguments)
    if "cells" in arguments.what:
        run("craft", load(arguments.ontologies / "cell_ontology.jsonl.gz"), arguments)
    if "text" in arguments.what:
        run_text(arguments)
    if "speed" in arguments.what:
        run_speed(arguments)


if __name__ == "__main__":
    main()
