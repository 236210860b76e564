"""Precision and recall of `annotate-llm` with a language model in this process or on a server.

    python -m benchmarks.curation.llm_accuracy --corpora FOLDER --local FILE.gguf
        [--names ncbi_disease bc5cdr] [--sentences 200] [--url URL --model NAME] --output FILE

Sentences of the test splits, half with entities where there are enough; the types are those that
the corpus annotates. An entity is right if its characters and its type are those of a gold entity.
Sentences that fail after all attempts count as empty answers, and are reported.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy.scorer import PRFScore

from benchmarks.common import make_parser, markdown, write_results
from benchmarks.training.short_training import as_many_negatives, read_sentences, sample
from spacy_gliner_biomed.pipeline.label_scores import count_strict
from spacy_gliner_biomed.silver.run_settings import SilverSettings, load_settings
from spacy_gliner_biomed.silver.silver_files import RunPaths
from spacy_gliner_biomed.silver.silver_run import annotate_silver
from spacy_gliner_biomed.training.corpora import AnnotatedText

Found = dict[str, list[dict[str, Any]]]  # entities by the id of a sentence


def settings_of(arguments: argparse.Namespace, types: Sequence[str]) -> SilverSettings:
    """Return the settings of a run that asks for some types."""
    given = {"local.model": arguments.local, "server.url": arguments.url}
    values = {name: value for name, value in given.items() if value}
    values |= {"server.model": arguments.model, "server.timeout": 600} if arguments.url else {}
    values |= {"prompt.types": list(types), "prompt.relations": False}
    return load_settings(None, {**values, "prompt.max_tokens": arguments.max_tokens})


def annotate(
    texts: Sequence[AnnotatedText], settings: SilverSettings, folder: Path
) -> tuple[Found, dict[str, Any]]:
    """Run the command's code on sentences.

    texts (Sequence[AnnotatedText]): The sentences.
    settings (SilverSettings): The settings.
    folder (Path): A folder for its files.
    RETURNS (tuple[Found, dict[str, Any]]): What was found, and the report of the run.
    """
    source, output = folder / "texts.jsonl", folder / "silver.jsonl"
    lines = (json.dumps({"id": str(i), "text": t.text}) + "\n" for i, t in enumerate(texts))
    source.write_text("".join(lines), encoding="utf8")
    report = annotate_silver([source], RunPaths.beside(output, settings.run), settings)
    written = map(json.loads, output.read_text(encoding="utf8").splitlines())
    return {line["id"]: line["entities"] for line in written}, report


def score(texts: Sequence[AnnotatedText], found: Found) -> dict[str, float]:
    """Count strict matches, and return precision, recall and F1 in percent."""
    counts = PRFScore()
    for i, text in enumerate(texts):
        entities = found.get(str(i), [])
        for label in text.annotated or ():
            gold = [(start, end) for start, end, name in text.spans if name == label]
            own = [(each["start"], each["end"]) for each in entities if each["label"] == label]
            count_strict(counts, gold, own)
    values = {"precision": counts.precision, "recall": counts.recall, "f": counts.fscore}
    return {name: round(100 * value, 1) for name, value in values.items()}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, annotate and measure, print the table and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--names", nargs="+", default=["ncbi_disease", "bc5cdr"])
    parser.add_argument("--sentences", type=int, default=200, help="of all corpora together")
    parser.add_argument("--local", help="folder, name or GGUF file of a language model")
    parser.add_argument("--url", help="a server instead")
    parser.add_argument("--model", default="model", help="name of the model on the server")
    parser.add_argument("--max-tokens", type=int, default=300)
    arguments = parser.parse_args(argv)
    rows, lines = [], []
    for name in arguments.names:
        texts = sample(as_many_negatives(read_sentences(arguments.corpora, name, "test")), 10**6)
        texts = texts[: arguments.sentences // len(arguments.names)]
        settings = settings_of(arguments, list(texts[0].annotated or ()))
        with tempfile.TemporaryDirectory() as folder:
            found, report = annotate(texts, settings, Path(folder))
        row = {"corpus": name, "sentences": len(texts), "failed": len(texts) - len(found)}
        row |= {"entities": sum(map(len, found.values())), **score(texts, found)}
        del report["settings"]  # with the paths of this run
        rows.append(row | {"report": report})
        lines.append([str(value) for value in row.values()])
    print(
        markdown(["corpus", "sentences", "failed", "entities", "precision", "recall", "F1"], lines)
    )
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
