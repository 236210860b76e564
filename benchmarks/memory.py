"""Peak memory of one very long Doc.

    python benchmarks/memory.py --characters 1000000 [--checkpoint X]

The text is the notes of `examples/`, one after the other, until it is long enough.
"""

import argparse
import resource
import time
from pathlib import Path

import spacy
import torch
from speed_texts import make_labels

EXAMPLES = Path(__file__).parent.parent / "examples"


def peak() -> int:
    """The process' peak of resident memory so far, in MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Read the arguments, annotate, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=1_000_000)
    parser.add_argument("--checkpoint", default="packaged")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    notes = [path.read_text(encoding="utf8") for path in sorted(EXAMPLES.glob("*.txt"))]
    text = "\n".join(notes)
    text = (text * (1 + arguments.characters // len(text)))[: arguments.characters]
    nlp = spacy.blank("en")
    nlp.max_length = len(text) + 1
    config = {
        "labels": make_labels(10),
        "precision": arguments.precision,
        "model": {"checkpoint": arguments.checkpoint},
    }
    component = nlp.add_pipe("gliner_biomed", config=config)
    nlp("Aspirin for migraine.")
    doc = nlp.make_doc(text)
    loaded, started = peak(), time.perf_counter()
    nlp.get_pipe("gliner_biomed")(doc)
    seconds = time.perf_counter() - started
    print(f"{len(text):,} characters, {len(doc):,} tokens, {len(doc.ents):,} entities")
    print(f"peak with model and Doc {loaded:,} MiB, after annotation {peak():,} MiB")
    print(f"{seconds:.0f} s, {component.stats['windows']:,} windows")


if __name__ == "__main__":
    main()
