"""Peak memory of one very long Doc.

    python -m benchmarks.scale.long_document --characters 1000000 [--checkpoint X]

The text repeats the notes of `examples/` until it is long enough.
"""

import json
import time
from collections.abc import Sequence

import spacy
import torch

from benchmarks.common import ROOT, make_parser, peak_mib, write_results
from benchmarks.speed.texts import make_labels

EXAMPLES = ROOT / "examples" / "notes"


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, annotate, print and write JSON."""
    parser = make_parser(__doc__, corpora=False, checkpoint=True)
    parser.add_argument("--characters", type=int, default=1_000_000)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args(argv)
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
    results = {
        "characters": len(text),
        "tokens": len(doc),
        "entities": len(doc.ents),
        "windows": component.stats["windows"],
        "seconds": round(seconds, 1),
        "peak_mib_before": loaded,
        "peak_mib": peak_mib(),
    }
    print(json.dumps(results, indent=1))
    write_results(arguments.output, results, arguments)


if __name__ == "__main__":
    main()
