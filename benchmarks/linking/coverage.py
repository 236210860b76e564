"""How many gold ids of real corpora a terminology lacks, or the default rules do not allow.

    python -m benchmarks.linking.coverage --corpora FOLDER --ontologies FOLDER

Mentions of all splits that have an id are counted; with several ids, any counts. "outside" are
those whose id is in the file, but not within the default rule of the label; "outside_one_tree" are
those that a rule with only the first tree of the label (C for diseases, D for chemicals) excludes.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.common import make_parser, write_results
from benchmarks.linking.accuracy import load
from spacy_gliner_biomed.linking.entities import split_ids
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.label_types import UNTYPED, default_rules, mesh_trees
from spacy_gliner_biomed.linking.linker_settings import LabelRule, make_scopes

MESH, GENES, TAXA = "mesh_descriptors", "ncbigene_human", "ncbitaxon_slim"
# Corpus, its labels (None: all), and the terminology.
TASKS: Sequence[tuple[str, Sequence[str] | None, str]] = (
    ("bc5cdr", ["Disease"], MESH),
    ("bc5cdr", ["Chemical"], MESH),
    ("ncbi_disease", None, MESH),
    ("nlm_chem_test", ["Chemical"], MESH),
    ("tmvar3", ["Disease"], MESH),
    ("nlm_gene", ["Gene"], GENES),
    ("tmvar3", ["Gene"], GENES),
    ("linnaeus", None, TAXA),
    ("tmvar3", ["Species"], TAXA),
    ("craft", ["NCBITaxon"], TAXA),
    ("craft", ["CHEBI"], "chebi_subset"),
    ("craft", ["CL"], "cell_ontology"),
    ("craft", ["GO_BP", "GO_CC", "GO_MF"], "gene_ontology"),
    ("coneco", ["Complex"], "gene_ontology"),
    ("craft", ["SO"], "sequence_ontology"),
    ("craft", ["UBERON"], "uberon"),
)
# Of MeSH, descriptors (D) and supplementary records (C) are told apart.
KIND = re.compile(r"MESH:[A-Z]|[A-Za-z]+")


def read_ids(folder: Path, labels: Sequence[str] | None) -> Iterator[tuple[str, list[str]]]:
    """Yield label and ids of each mention with an id.

    folder (Path): The corpus.
    labels (Sequence[str] | None): The labels to read; None for all.
    YIELDS (tuple[str, list[str]]): The label in words, and the ids.
    """
    words = json.loads((folder / "meta.json").read_text(encoding="utf8"))["labels"]
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf8") as file:
            for line in file:
                for entity in json.loads(line).get("entities", ()):
                    ids = split_ids(entity.get("id") or "")
                    if ids and (labels is None or entity["label"] in labels):
                        yield words[entity["label"]], ids


def measure(folder: Path, labels: Sequence[str] | None, kb: KnowledgeBase) -> dict[str, Any]:
    """Count the mentions of a corpus whose ids are missing or not allowed.

    folder (Path): The corpus.
    labels (Sequence[str] | None): The labels to count; None for all.
    kb (KnowledgeBase): The terminology.
    RETURNS (dict[str, Any]): The counts.
    """
    counts, missing, distinct = Counter[str](mentions=0, missing=0), Counter[str](), {}
    for label, ids in read_ids(folder, labels):
        counts["mentions"] += 1
        numbers = [number for id_ in ids if (number := kb.number(id_)) is not None]
        distinct.update((id_, id_ in kb) for id_ in ids)
        if not numbers:
            counts["missing"] += 1
            missing[kind_of(ids[0])] += 1
        for name, scope in scopes(label, kb).items():
            counts[name] += bool(numbers) and not any(map(scope.allows, numbers))
    return {
        **counts,
        "missing_by_kind": dict(missing.most_common()),
        "ids": len(distinct),
        "missing_ids": sum(not found for found in distinct.values()),
    }


def kind_of(concept_id: str) -> str:
    """Return the terminology of an id."""
    found = KIND.match(concept_id)
    return found[0] if found else "other"


@cache
def scopes(label: str, kb: KnowledgeBase) -> dict[str, Any]:
    """Return the scopes of a label by the name of their count; none if no rule is by default."""
    rules = [rule for rule in default_rules([label], [kb]) if rule["label"] == label]
    if not rules:
        return {}
    one_tree = {"label": label, "types": [UNTYPED, mesh_trees(label)[0]]}
    named = {"outside": rules[0], "outside_one_tree": one_tree}
    return {name: make_scopes([kb], LabelRule.parse(rule))[0] for name, rule in named.items()}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, count, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of terminologies")
    arguments: argparse.Namespace = parser.parse_args(argv)
    kbs: dict[str, KnowledgeBase] = {}
    rows = []
    for corpus, labels, name in TASKS:
        path, folder = arguments.ontologies / f"{name}.jsonl.gz", arguments.corpora / corpus
        if not (path.exists() and folder.exists()):
            print(f"{corpus}, {name}: not there", flush=True)
            continue
        kb = kbs[name] if name in kbs else kbs.setdefault(name, load(path))
        found = measure(folder, labels, kb)
        rows.append({"corpus": corpus, "labels": labels, "terminology": name, **found})
        print(rows[-1], flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
