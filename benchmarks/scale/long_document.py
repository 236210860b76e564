"""Peak memory of one very long Doc.

    python -m benchmarks.scale.long_document --characters 1000000 [--checkpoint X]

The text is the notes of `examples/`, one after the other, until it is long enough.
"""

import argparse
import time

import spacy
import torch

from benchmarks.common import ROOT, peak_mib
from benchmarks.speed.texts import make_labels

EXAMPLES = ROOT / "examples"


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
    loaded, started = peak_mib(), time.perf_counter()
    nlp.get_pipe("gliner_biomed")(doc)
    seconds = time.perf_counter() - started
    print(f"{len(text):,} characters, {len(doc):,} tokens, {len(doc.ents):,} entities")
    print(f"peak with model and Doc {loaded:,} MiB, after annotation {peak_mib():,} MiB")
    print(f"{seconds:.0f} s, {component.stats['windows']:,} windows")


if __name__ == "__main__":
    main()
