"""`python -m spacy gliner convert`: annotated texts of one format in another, to train on."""

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


DOCS_PER_FILE = 10_000  # of a folder of DocBins, each of which is made in memory


@gliner_cli.command("convert", no_args_is_help=True)
def convert_cli(
    source: Annotated[Path, typer.Argument(help="A file, or for BRAT a folder.")],
    output: Annotated[
        Path,
        typer.Argument(
            help=f"The file to write. A DocBin has the ending .spacy; another name is that of a "
            f"folder of DocBins of {DOCS_PER_FILE:,} documents, for what memory cannot hold."
        ),
    ],
    data_format: Annotated[
        str, typer.Option("--format", "-f", help="jsonl, gliner, brat, pubtator, instructions.")
    ],
    target_format: Annotated[
        str, typer.Option("--to", "-t", help="docbin, gliner or instructions.")
    ] = "docbin",
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    spans_key: Annotated[str, typer.Option(help="The group of the gold spans.")] = "sc",
) -> None:
    """Write annotated texts as a DocBin, for `spacy train` and `spacy evaluate`.

    Every entity keeps its characters: tokens are cut where one begins or ends inside them. The
    labels found in the source count as annotated. --to writes GLiNER's training JSON, or
    instructions for language models, instead.
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
    """Read annotated texts, and write them in another form.

    source, data_format: See `training.formats.read_format`.
    output (Path): Its folder is made; for DocBins see the command.
    to (str): "docbin", or see `training.exchange` for "gliner" and "instructions".
    lang (str), spans_key (str): Tokenizer and group of gold spans of a DocBin.
    RETURNS (tuple[int, int]): Documents and entities.
    RAISES (ValueError): For what cannot be read, with file and line, or a folder in use.
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
    """Write a DocBin, in which every entity has its place."""
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
    """Write DocBins into a new folder, which takes its name when all are written."""
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
