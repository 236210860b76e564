"""Entities and links from raw text: a pipeline on BC5CDR with MeSH.

    python -m benchmarks.linking.text --corpora FOLDER --ontologies FOLDER [--checkpoint X]

Scores with and without memory of the training set and, for the test split, the development set;
on gold mentions and on those that the pipeline finds.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy

from benchmarks.common import make_parser, write_results
from benchmarks.linking.rules import RULES
from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus
from spacy_gliner_biomed.linking.loading import make_knowledge_base

SHOWN = ["link_p", "link_r", "link_f", "link_near_f", "link_acc1", "link_acc5"]


def make_pipeline(corpora: Path, checkpoint: str) -> tuple[spacy.Language, Any]:
    """Make a pipeline that finds and links chemicals and diseases.

    corpora (Path): The folder of corpora.
    checkpoint (str): A folder, a name, or "packaged".
    RETURNS (tuple[spacy.Language, Any]): The pipeline and its linker.
    """
    nlp = spacy.blank("en")
    labels = json.loads((corpora / "bc5cdr" / "meta.json").read_text(encoding="utf8"))["labels"]
    ner = {"labels": list(labels.values()), "model": {"checkpoint": checkpoint}}
    nlp.add_pipe("gliner_biomed", config=ner)
    rules = [{**rule, "label": labels[rule["label"]]} for rule in RULES]
    linker: Any = nlp.add_pipe("gliner_biomed_linker", config={"spans_key": "sc", "labels": rules})
    linker.cfg["candidate_threshold"] = 0.0
    return nlp, linker


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__, checkpoint=True)
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of terminologies")
    parser.add_argument("--split", default="test")
    parser.add_argument("--documents", type=int, default=0, help="maximum number; 0 for all")
    arguments = parser.parse_args(argv)
    nlp, linker = make_pipeline(arguments.corpora, arguments.checkpoint)
    known = ["train", "dev"] if arguments.split == "test" else ["train"]
    rows = []
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
            found = {key: round(100 * scores[key], 1) for key in SHOWN if scores.get(key)}
            rows.append({"memory": memory, "gold_mentions": gold, **found})
            print(rows[-1], flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
