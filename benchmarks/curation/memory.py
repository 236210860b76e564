"""Peak memory of the commands that make and select training data, on many short documents.

    python -m benchmarks.curation.memory [--documents 1000000] [--output FILE]

The documents are sentences of invented words; one in a hundred repeats an earlier one. Each
command runs in a process of its own. Its peak of resident memory (Linux) is shown beside that of
the same command on a hundredth of the documents. `annotate-llm` finds all answers in its cache, so
that it needs no server.
"""

import json
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from benchmarks.common import make_parser, write_results
from spacy_gliner_biomed.silver.language_models import make_language_model, make_prompt
from spacy_gliner_biomed.silver.reply_cache import TABLE, cache_key
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import load_settings

URL, MODEL, TYPES = "http://127.0.0.1:9/v1", "none", "disease,drug,gene"
ANSWERED = ["--prompt.relations", "false", "--quiet"]
# By command: source, output and options. They run in this order, since some read outputs.
COMMANDS = {
    "curate select": ("docs.jsonl", "half.jsonl", ["--scorer", "random", "--ratio", "0.5"]),
    "curate clean": ("docs.jsonl", "clean.jsonl", []),
    "convert, to DocBins": ("docs.jsonl", "docbins", ["--format", "jsonl"]),
    "convert, to GLiNER's JSON": (
        "docs.jsonl",
        "gliner.json",
        ["--format", "jsonl", "--to", "gliner"],
    ),
    "convert, to instructions": (
        "gliner.json",
        "instructions.json",
        ["--format", "gliner", "--to", "instructions"],
    ),
    "annotate-llm": (
        "docs.jsonl",
        "silver.jsonl",
        ["--url", URL, "--model", MODEL, "--types", TYPES, *ANSWERED],
    ),
}
RUN = """
import resource, sys
from spacy.cli import app
import spacy_gliner_biomed.cli
try:
    app(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def write_documents(path: Path, n_documents: int) -> None:
    """Write JSON lines of about twenty words; two in three have an entity."""
    rng = random.Random(0)
    syllables = ["ba", "co", "di", "fe", "gu", "ha", "jo", "ki", "lu", "me", "no", "pa"]
    words = ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(20_000)]
    earlier: list[str] = []
    with path.open("w", encoding="utf8") as file:
        for number in range(n_documents):
            text = " ".join(rng.choices(words, k=rng.randint(12, 28))) + "."
            if earlier and rng.random() < 0.01:
                text = rng.choice(earlier)
            elif len(earlier) < 1000:
                earlier.append(text)
            entities = []
            if number % 3:
                end = text.index(" ")
                label = rng.choice(["disease", "drug", "gene"])
                entities.append({"start": 0, "end": end, "label": label})
            line = {"id": str(number), "text": text, "entities": entities}
            file.write(json.dumps(line) + "\n")


def write_answers(documents: Path, path: Path) -> None:
    """Write a cache of answers that has the entities of each document.

    documents (Path): The documents.
    path (Path): The cache of `annotate-llm`.
    """
    asked = {"prompt.types": TYPES.split(","), "prompt.relations": False}
    settings = load_settings(None, {"server.url": URL, "server.model": MODEL, **asked})
    model = make_language_model(settings, RunCounts(), Event())
    prompt, _ = make_prompt(settings.prompt)

    def rows() -> Iterator[tuple[str, str, bool, int, int]]:
        with documents.open(encoding="utf8") as lines:
            for line in map(json.loads, lines):
                mentions = [
                    {"id": i, "text": line["text"][x["start"] : x["end"]], "type": x["label"]}
                    for i, x in enumerate(line["entities"])
                ]
                key = cache_key(model.identity, prompt.request(line["text"], [], attempt=0))
                yield key, json.dumps({"entities": mentions}), True, 300, 30

    base = sqlite3.connect(path)
    with base:
        base.execute(TABLE)
        base.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", rows())
    base.close()


def measure(name: str, folder: Path) -> int:
    """Run a command in a folder. RETURNS (int): Its peak memory in MiB."""
    source, target, options = COMMANDS[name]
    paths = [source, "--output", target] if name == "annotate-llm" else [source, target]
    call = ["gliner", *name.split(",")[0].split(), *paths, *options]
    process = [sys.executable, "-c", RUN, *call]
    printed = subprocess.run(process, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
    return int(printed.stdout.split()[-1])


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, write the documents, measure, print and write JSON."""
    parser = make_parser(__doc__, corpora=False)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    arguments = parser.parse_args(argv)
    table: dict[str, dict[str, int]] = {name: {} for name in arguments.only}
    for n_documents in (arguments.documents // 100, arguments.documents):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_documents(folder / "docs.jsonl", n_documents)
            write_answers(folder / "docs.jsonl", folder / "silver.jsonl.cache")
            for command, row in table.items():
                row[f"{n_documents:,}"] = measure(command, folder)
                print(command, f"{n_documents:,}", row[f"{n_documents:,}"], "MiB", flush=True)
    write_results(arguments.output, table, arguments)


if __name__ == "__main__":
    main()
