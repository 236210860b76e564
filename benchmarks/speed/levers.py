"""What each optimization gains: the time without it over the time with it, in one run.

    python -m benchmarks.speed.levers --corpora FOLDER --checkpoint packaged random-small-512

Each is switched off by a patch (lever_patches.py). All take turns on the same texts; times are
medians of the rounds. "other_entities" counts entities that differ without the optimization:
nearly none, or the optimization changes results.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import spacy

from benchmarks.common import make_parser, write_results
from benchmarks.speed.checkpoints import checkpoint_folder
from benchmarks.speed.lever_patches import ALL, LEVERS, check_levers, levers_of
from benchmarks.speed.texts import SOURCES, make_labels, read_texts
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.nn.derived import forget

Entities = set[tuple[int, int, int, str]]


def run_without(name: str, component: Any, docs: Sequence[Any]) -> tuple[float, Entities]:
    """Run documents without one optimization.

    name (str): A key of `LEVERS`.
    component (Any): The pipeline component.
    docs (Sequence[Any]): The documents.
    RETURNS (tuple[float, Entities]): Seconds, and the entities.
    """
    with ExitStack() as stack:
        for make in LEVERS[name]:
            stack.enter_context(make())
        # Cached weights may have a form that this way cannot use.
        forget(network_shim(component.model).checkpoint.network)
        component.predict(docs[:2])
        started = time.perf_counter()
        predictions = component.predict(docs)
        seconds = time.perf_counter() - started
    spans = ((i, span) for i, found in enumerate(predictions) for span in found.spans)
    return seconds, {(i, span.start, span.end, span.label) for i, span in spans}


def measure(component: Any, docs: Sequence[Any], names: Sequence[str], rounds: int) -> list[Any]:
    """Run documents without each optimization, in turns.

    component (Any): The pipeline component.
    docs (Sequence[Any]): The documents.
    names (Sequence[str]): Keys of `LEVERS`, with `ALL`.
    rounds (int): How often; one more run of each is not counted.
    RETURNS (list[Any]): A row for each name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in names}
    found: dict[str, Entities] = {}
    for turn in range(rounds + 1):
        for name in names:
            spent, found[name] = run_without(name, component, docs)
            if turn:
                seconds[name].append(spent)
    base = statistics.median(seconds[ALL])
    return [
        {
            "without": name,
            "times_slower": round(statistics.median(times) / base, 3),
            "seconds": times,
            "other_entities": len(found[name] ^ found[ALL]),
        }
        for name, times in seconds.items()
    ]


def measure_checkpoint(
    folder: Path, texts: Sequence[str], precision: str, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Measure a checkpoint in one precision.

    folder (Path): The checkpoint.
    texts (Sequence[str]): The texts.
    precision (str): "float32" or "bfloat16".
    arguments (argparse.Namespace): The command line.
    RETURNS (list[dict[str, Any]]): A row for each optimization.
    """
    nlp = spacy.blank("en")
    model = {"checkpoint": str(folder)}
    config = {"labels": make_labels(arguments.labels), "model": model, "precision": precision}
    component: Any = nlp.add_pipe("gliner_biomed", config=config)
    docs = [nlp.make_doc(text) for text in texts]
    component.predict(docs[:1])
    names = levers_of(network_shim(component.model).checkpoint.config, precision)
    names = [name for name in names if name in (ALL, *arguments.only)]
    return measure(component, docs, names, arguments.rounds)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--checkpoint", nargs="+", default=["packaged"], help="folders, or KINDS of checkpoints.py")
    add("--mix", choices=list(SOURCES), default="abstracts")
    add("--labels", type=int, default=10)
    add("--precisions", nargs="+", default=["float32", "bfloat16"])
    add("--words", type=int, default=4000)
    add("--rounds", type=int, default=3)
    add("--only", nargs="+", choices=list(LEVERS), default=list(LEVERS), help="these levers")
    arguments = parser.parse_args(argv)
    check_levers()
    texts = read_texts(arguments.corpora, arguments.mix, arguments.words)
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.checkpoint:
            folder = checkpoint_folder(name, Path(work))
            for precision in arguments.precisions:
                for row in measure_checkpoint(folder, texts, precision, arguments):
                    rows.append({"checkpoint": name, "precision": precision, **row})
                    shown = f"{row['times_slower']:.2f}x {row['without']}"
                    print(f"{name} {precision} {shown} ({row['other_entities']} entities)")
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
