"""`python -m spacy gliner convert`: convert annotated texts between formats for training."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Errors, Warnings

if TYPE_CHECKING:
    from spacy_gliner_biomed.training.corpora import AnnotatedText

    Writer = Callable[[Iterable[AnnotatedText], BinaryIO], int]


DOCS_PER_FILE = 10_000  # in a folder of DocBins; each DocBin is built in memory


@gliner_cli.command("convert", no_args_is_help=True)
def convert_cli(
    source: Annotated[Path, typer.Argument(help="A file, or a folder for BRAT.")],
    output: Annotated[
        Path,
        typer.Argument(
            help=f"Output file. A DocBin has the ending .spacy; any other name makes a folder of "
            f"DocBins with {DOCS_PER_FILE:,} documents each, for corpora larger than memory."
        ),
    ],
    data_format: Annotated[
        str, typer.Option("--format", "-f", help="jsonl, gliner, brat, pubtator, instructions.")
    ],
    target_format: Annotated[
        str, typer.Option("--to", "-t", help="docbin, gliner or instructions.")
    ] = "docbin",
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    spans_key: Annotated[str, typer.Option(help="Key of the gold spans in doc.spans.")] = "sc",
) -> None:
    """Write annotated texts as a DocBin, for `spacy train` and `spacy evaluate`.

    Every entity keeps its exact offsets: a token is split if an entity begins or ends inside it.
    All labels that occur in the source count as annotated. With --to, the command writes GLiNER's
    training JSON or instructions for language models instead.
    """
    options = {"to": target_format, "lang": lang, "spans_key": spans_key}
    with reported():
        n_docs, n_spans = convert(source, output, data_format, **options)
    echo(f"✔ Wrote {n_docs:,} documents, {n_spans:,} entities: {output}", color=typer.colors.GREEN)


def convert(
    source: Path,
    output: Path,
    data_format: str,
    *,
    to: str = "docbin",
    lang: str = "en",
    spans_key: str = "sc",
) -> tuple[int, int]:
    """Convert annotated texts to another format.

    source (Path): See `training.formats.read_format`.
    output (Path): The output. Its folder is created; for DocBins see the command.
    data_format (str): See `training.formats.read_format`.
    to (str): "docbin"; "gliner" or "instructions", see `training.exchange`.
    lang (str): Language of the tokenizer for DocBins.
    spans_key (str): Key of the gold spans in `doc.spans` for DocBins.
    RETURNS (tuple[int, int]): The numbers of documents and entities.
    RAISES (ValueError): If the source cannot be read, with file and line, or the output folder
        exists.
    """
    from spacy_gliner_biomed.documents.outputs import open_stream
    from spacy_gliner_biomed.training.exchange import write_gliner_json, write_instructions
    from spacy_gliner_biomed.training.formats import read_format

    write_docs = partial(_write_docs, lang=lang, spans_key=spans_key)
    writers: dict[str, Writer] = {
        "docbin": write_docs,
        "gliner": write_gliner_json,
        "instructions": write_instructions,
    }
    if to not in writers:
        allowed = "one of " + ", ".join(map(repr, writers))
        raise ValueError(Errors.E030.format(name="to", allowed=allowed, found=to))
    if output.resolve() == source.resolve():
        reason = "it is the source. Name another file"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
    counts: Counter[str] = Counter()
    texts = _counted(read_format(source, data_format), counts)
    if to == "docbin" and output.suffix != ".spacy":
        lost = _write_folder(texts, output, write_docs)
    else:
        with open_stream(str(output)) as stream:
            lost = writers[to](texts, stream)
    if lost:
        warn(Warnings.W012.format(n=lost, path=output))
    return counts["documents"], counts["entities"] - lost


def _counted(texts: Iterable["AnnotatedText"], counts: "Counter[str]") -> Iterator["AnnotatedText"]:
    from tqdm import tqdm

    for text in tqdm(texts, unit=" docs", disable=None, leave=False, mininterval=0.5):
        counts["documents"] += 1
        counts["entities"] += len(text.spans)
        yield text


def _write_docs(
    texts: Iterable["AnnotatedText"], stream: BinaryIO, *, lang: str, spans_key: str
) -> int:
    """Write a DocBin; return the number of lost entities, which is 0."""
    import spacy
    from spacy.tokens import DocBin

    from spacy_gliner_biomed.training.corpora import gold_doc

    nlp, docs = spacy.blank(lang), DocBin()
    nlp.max_length = sys.maxsize
    for text in texts:
        with nlp.memory_zone():  # a million texts would fill the vocabulary
            docs.add(gold_doc(nlp, text, spans_key))
    stream.write(docs.to_bytes())
    return 0


def _write_folder(texts: Iterable["AnnotatedText"], folder: Path, write: "Writer") -> int:
    """Write DocBins into a new folder, which appears when all are written."""
    from spacy_gliner_biomed.documents.outputs import open_stream

    if folder.exists():
        reason = "it is there already. Name a new folder, or a file .spacy"
        raise ValueError(Errors.E056.format(path=folder, reason=reason))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as unfinished:
        parts = Path(unfinished) / "parts"
        rest = iter(texts)
        for number in count():
            batch = list(islice(rest, DOCS_PER_FILE))
            if not batch:
                break
            with open_stream(str(parts / f"{number:05}.spacy")) as stream:
                write(batch, stream)
        parts.rename(folder)
    return 0
