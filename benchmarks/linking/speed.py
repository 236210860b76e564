"""Speed of the linker beside scispaCy's, on the gold entities of BC5CDR's test set.

    python -m benchmarks.linking.speed --corpora FOLDER --ontologies FOLDER [--aliases 30000 ...]

Both index the same random concepts of MeSH, with as many names as `--aliases` says, and take turns.
Rates are medians of the rounds; nothing is cached from an earlier round. Accuracy is at 1. Times
are CPU seconds, so that other processes of the machine do not count.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import spacy

from benchmarks.common import make_parser, peak_mib, write_results
from spacy_gliner_biomed.linking.entities import gold_ids
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus
from spacy_gliner_biomed.linking.sources.formats import read_concepts

OURS = "this package"


def compare(
    concepts: Sequence[Concept], read: Callable[..., Iterable[Any]], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Index concepts and link mentions with each system, in turns.

    concepts (Sequence[Concept]): The concepts.
    read (Callable[..., Iterable[Any]]): Reads the gold documents for a pipeline.
    arguments (argparse.Namespace): The command line.
    RETURNS (list[dict[str, Any]]): A row for each system.
    """
    nlp = spacy.blank("en")
    started = time.process_time()
    kb = KnowledgeBase.build(concepts, name="mesh")
    linker: Any = nlp.add_pipe("gliner_biomed_linker")
    linker.kbs = [kb]
    systems, seconds = {OURS: linker}, {OURS: time.process_time() - started}
    if arguments.baseline:
        started = time.process_time()
        systems["scispaCy"] = scispacy_linker(concepts)
        seconds["scispaCy"] = time.process_time() - started
    rates: dict[str, list[float]] = {name: [] for name in systems}
    accuracies: dict[str, float] = {}
    for _ in range(arguments.rounds):
        for name, system in systems.items():
            examples = list(read(nlp))
            rates[name].append(link_rate(examples, system))
            accuracies[name] = accuracy_at_1(examples, kb)
    return [
        {
            "names": kb.manifest["names"],
            "system": name,
            "index_s": round(seconds[name], 1),
            "mentions_s": round(statistics.median(rates[name])),
            "accuracy": round(accuracies[name], 1),
            "peak_mib_so_far": peak_mib(),
        }
        for name in systems
    ]


def link_rate(examples: Sequence[Any], linker: Any) -> float:
    """Link documents as spaCy does. RETURNS (float): Mentions a CPU second, with empty caches."""
    docs = [example.predicted for example in examples]
    if hasattr(linker, "kbs"):
        linker.set_kbs(linker.kbs)  # with empty caches
    started = time.process_time()
    for _ in linker.pipe(docs) if hasattr(linker, "pipe") else map(linker, docs):
        pass
    return sum(len(doc.ents) for doc in docs) / (time.process_time() - started)


def accuracy_at_1(examples: Iterable[Any], kb: KnowledgeBase) -> float:
    """Compute the accuracy of the first of `Span._.kb_ents`, in percent.

    examples (Iterable[Any]): Examples whose predicted Docs were linked.
    kb (KnowledgeBase): The terminology; mentions without an id in it do not count.
    RETURNS (float): The accuracy.
    """
    right = total = 0
    for example in examples:
        for gold, ent in zip(example.reference.ents, example.predicted.ents, strict=True):
            ids = {i for i in gold_ids(gold) if i in kb}
            total += bool(ids)
            right += bool(ids & {pair[0] for pair in ent._.kb_ents[:1]})
    return 100 * right / max(total, 1)


def some_concepts(concepts: Sequence[Concept], size: int) -> list[Concept]:
    """Draw random concepts that have at least this many names together."""
    some, names = [], 0
    for concept in random.Random(0).sample(concepts, len(concepts)):
        if names >= size:
            break
        some.append(concept)
        names += len(concept.names)
    return some


def scispacy_linker(concepts: Sequence[Concept]) -> Any:
    """Make scispaCy's linker with its own settings.

    Its released version refuses newer versions of scipy when it builds an index; the next does not.
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


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of terminologies")
    parser.add_argument("--no-baseline", dest="baseline", action="store_false")
    parser.add_argument("--aliases", type=int, nargs="+", default=[30_000, 125_000])
    parser.add_argument("--documents", type=int, default=0, help="maximum number; 0 for all")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(argv)
    concepts = list(read_concepts(arguments.ontologies / "mesh_descriptors.jsonl.gz"))
    read = make_linked_corpus(
        arguments.corpora, ["test"], ["bc5cdr"], gold_mentions=True, limit=arguments.documents
    )
    rows = []
    for size in arguments.aliases:
        for row in compare(some_concepts(concepts, size), read, arguments):
            rows.append(row)
            print(row, flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
