"""Time and memory to build a large terminology and to link with it, each in a process of its own.

    python -m benchmarks.linking.size --corpora FOLDER --ontologies FOLDER [--aliases 3000000]

It has the names of all terminologies in the folder, and these again with a word of another name
after them, until there are as many as `--aliases` says. The mentions to link are the gold ones of
BC5CDR's test set. Times are CPU seconds.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.common import (
    child_environment,
    make_parser,
    module_command,
    peak_mib,
    write_results,
)
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts


def many_concepts(folder: Path, n_names: int) -> Iterator[Concept]:
    """Yield concepts that have at least this many names together."""
    paths = sorted(folder.glob("*.jsonl.gz"))
    concepts = list({c.concept_id: c for path in paths for c in read_concepts(path)}.values())
    words = [word for concept in concepts for name in concept.names for word in name.split()]
    rng = random.Random(0)
    for turn in count():
        for concept in concepts:
            if n_names <= 0:
                return
            n_names -= len(concept.names)
            yield concept if not turn else vary(concept, turn, words, rng)


def vary(concept: Concept, turn: int, words: list[str], rng: random.Random) -> Concept:
    """Make another concept, with longer names."""
    names = list(dict.fromkeys(f"{name} {rng.choice(words)}" for name in concept.names))
    new_id = f"{concept.concept_id}-{turn}"
    return replace(concept, concept_id=new_id, canonical_name=names[0], aliases=names[1:])


def ask(kb_path: Path, corpora: Path) -> dict[str, Any]:
    """Link all gold mentions in this process. RETURNS (dict[str, Any]): Speed and memory."""
    import spacy

    from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
    from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus

    read = make_linked_corpus(corpora, ["test"], ["bc5cdr"], gold_mentions=True)
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("gliner_biomed_linker")
    docs = [example.predicted for example in read(nlp)]
    before, started = peak_mib(), time.process_time()
    linker.kbs = [KnowledgeBase.from_disk(kb_path)]  # type: ignore[attr-defined]
    n_mentions = sum(len(doc.ents) for doc in linker.pipe(docs))  # type: ignore[attr-defined]
    rate = n_mentions / (time.process_time() - started)
    return {"mentions_s": round(rate), "peak_mib": peak_mib(), "peak_mib_before": before}


def children_s() -> float:
    """Return the CPU seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, build and link in two processes, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of terminologies")
    parser.add_argument("--aliases", type=int, default=3_000_000)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.ask:
        print(json.dumps(ask(arguments.ask, arguments.corpora)))
        return
    with tempfile.TemporaryDirectory() as work:
        source, built = Path(work) / "large.jsonl", Path(work) / "large.kb"
        with source.open("w", encoding="utf8") as file:
            for concept in many_concepts(arguments.ontologies, arguments.aliases):
                file.write(json.dumps(asdict(concept), ensure_ascii=False) + "\n")
        started = children_s()
        command = [sys.executable, "-m", "spacy", "gliner", "kb", "build", str(source), str(built)]
        subprocess.run(command, check=True)
        results: dict[str, Any] = {
            "build_s": round(children_s() - started, 1),
            "build_peak_mib": peak_mib(resource.RUSAGE_CHILDREN),
            "file_mib": round(built.stat().st_size / 2**20, 3),
        }
        command = module_command(
            "linking.size", *(sys.argv[1:] if argv is None else argv), "--ask", built
        )
        printed = subprocess.check_output(command, text=True, env=child_environment())
    results |= json.loads(printed.splitlines()[-1])
    print(json.dumps(results, indent=1))
    del arguments.ask
    write_results(arguments.output, results, arguments)


if __name__ == "__main__":
    main()
