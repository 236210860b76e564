"""Time and memory of a large terminology: to build it, and to ask it, each in a process.

    python -m benchmarks.linking.size --corpora FOLDER --ontologies FOLDER [--aliases 3000000]

Its names are those of all terminologies in the folder, and these again with a word of another name
behind them, until there are as many. It is asked for the gold mentions of BC5CDR's test set.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

from benchmarks.common import child_environment, module_command, peak_mib
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts


def many_concepts(folder: Path, n_names: int) -> Iterator[Concept]:
    """Concepts with this many names together, at least."""
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
    """Another concept, with longer names."""
    names = list(dict.fromkeys(f"{name} {rng.choice(words)}" for name in concept.names))
    new_id = f"{concept.concept_id}-{turn}"
    return replace(concept, concept_id=new_id, canonical_name=names[0], aliases=names[1:])


def ask(kb_path: Path, corpora: Path) -> None:
    """Link all gold mentions in this process; print speed and memory."""
    import spacy

    from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
    from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus

    read = make_linked_corpus(corpora, ["test"], ["bc5cdr"], gold_mentions=True)
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("gliner_biomed_linker")
    docs = [example.predicted for example in read(nlp)]
    before, started = peak_mib(resource.RUSAGE_SELF), time.perf_counter()
    linker.kbs = [KnowledgeBase.from_disk(kb_path)]  # type: ignore[attr-defined]
    n_mentions = sum(len(doc.ents) for doc in linker.pipe(docs))  # type: ignore[attr-defined]
    rate = n_mentions / (time.perf_counter() - started)
    after = peak_mib(resource.RUSAGE_SELF)
    print(f"asked: {rate:,.0f} mentions/s, peak memory {after:,} MiB, {before:,} without it")


def main() -> None:
    """Build and ask; print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--ontologies", type=Path, required=True)
    parser.add_argument("--aliases", type=int, default=3_000_000)
    parser.add_argument("--ask", type=Path, help="a built terminology")
    arguments = parser.parse_args()
    if arguments.ask:
        ask(arguments.ask, arguments.corpora)
        return
    with tempfile.TemporaryDirectory() as work:
        source, built = Path(work) / "large.jsonl", Path(work) / "large.kb"
        with source.open("w", encoding="utf8") as file:
            for concept in many_concepts(arguments.ontologies, arguments.aliases):
                file.write(json.dumps(asdict(concept), ensure_ascii=False) + "\n")
        started = time.perf_counter()
        command = [sys.executable, "-m", "spacy", "gliner", "kb", "build", str(source), str(built)]
        subprocess.run(command, check=True)
        seconds, size = time.perf_counter() - started, built.stat().st_size / 2**20
        memory = peak_mib(resource.RUSAGE_CHILDREN)
        print(f"built: {seconds:.0f} s, peak memory {memory:,} MiB, file {size:,.0f} MiB")
        subprocess.run(
            module_command("linking.size", *sys.argv[1:], "--ask", built),
            check=True,
            env=child_environment(),
        )


if __name__ == "__main__":
    main()
