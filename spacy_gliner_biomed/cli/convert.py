"""`python -m spacy gliner convert`: annotated texts of one format in another, to train on."""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported, say
from spacy_gliner_biomed.errors import Errors, Warnings

if TYPE_CHECKING:
    from spacy_gliner_biomed.training.corpora import AnnotatedText


@gliner_cli.command("convert", no_args_is_help=True)
def convert_cli(
    source: Annotated[Path, typer.Argument(help="A file, or for BRAT a folder.")],
    output: Annotated[Path, typer.Argument(help="The file to write.")],
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
    say(f"✔ Wrote {n_docs:,} documents, {n_spans:,} entities: {output}", color=typer.colors.GREEN)


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
    output (Path): Its folder is made.
    to (str): "docbin", or see `training.exchange` for "gliner" and "instructions".
    lang (str), spans_key (str): Tokenizer and group of gold spans of a DocBin.
    RETURNS (tuple[int, int]): Documents and entities.
    RAISES (ValueError): For what cannot be read, with file and line.
    """
    from spacy_gliner_biomed.training.exchange import write_gliner_json, write_instructions
    from spacy_gliner_biomed.training.formats import read_format

    writers = {"docbin": None, "gliner": write_gliner_json, "instructions": write_instructions}
    if to not in writers:
        allowed = "one of " + ", ".join(map(repr, writers))
        raise ValueError(Errors.E030.format(name="to", allowed=allowed, found=to))
    texts = read_format(source, data_format)
    write = writers[to] or partial(_write_docs, lang=lang, spans_key=spans_key)
    output.parent.mkdir(parents=True, exist_ok=True)
    lost = write(texts, output)
    if lost:
        warnings.warn(Warnings.W012.format(n=lost, path=output), stacklevel=2)
    return len(texts), sum(len(text.spans) for text in texts) - lost


def _write_docs(
    texts: Sequence["AnnotatedText"], output: Path, *, lang: str, spans_key: str
) -> int:
    """Write a DocBin, in which every entity has its place."""
    import spacy
    from spacy.tokens import DocBin

    from spacy_gliner_biomed.training.corpora import gold_doc

    nlp = spacy.blank(lang)
    DocBin(docs=[gold_doc(nlp, text, spans_key) for text in texts]).to_disk(output)
    return 0
