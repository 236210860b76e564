"""Peak memory of `spacy gliner curate select` and `clean` on many short documents.

    python benchmarks/curation_memory.py [--documents 1000000] [--output FILE]

The documents are sentences of made-up words; one of a hundred repeats an earlier one. Each
command runs in a process of its own, whose peak of resident memory (Linux) is shown beside that
of the same command on a hundredth of the documents.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = {
    "select": ["select", "--scorer", "random", "--ratio", "0.5"],
    "clean": ["clean"],
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
    """Write JSON lines of about twenty words, two of three of them with an entity."""
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


def measure(command: list[str], source: Path, target: Path) -> int:
    """Run a command; its peak in MiB."""
    arguments = ["gliner", "curate", command[0], str(source), str(target), *command[1:]]
    call = [sys.executable, "-c", RUN, *arguments]
    printed = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(printed.split()[-1])


def main() -> None:
    """Read the arguments, write the documents, measure, print and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    table: dict[str, dict[str, int]] = {name: {} for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.jsonl", Path(folder) / "target.jsonl"
        for n_documents in (arguments.documents // 100, arguments.documents):
            write_documents(source, n_documents)
            for name, command in COMMANDS.items():
                table[name][f"{n_documents:,}"] = measure(command, source, target)
                print(name, f"{n_documents:,}", table[name][f"{n_documents:,}"], "MiB", flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
