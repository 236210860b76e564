"""`python -m spacy gliner convert`: annotated texts of other formats as a DocBin to train on."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported, say


@gliner_cli.command("convert", no_args_is_help=True)
def convert_cli(
    source: Annotated[Path, typer.Argument(help="A file, or for BRAT a folder.")],
    output: Annotated[Path, typer.Argument(help="The .spacy file to write.")],
    data_format: Annotated[
        str, typer.Option("--format", "-f", help="jsonl, gliner, brat or pubtator.")
    ],
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    spans_key: Annotated[str, typer.Option(help="The group of the gold spans.")] = "sc",
) -> None:
    """Write annotated texts as a DocBin, for `spacy train` and `spacy evaluate`.

    Every entity keeps its characters: tokens are cut where one begins or ends inside them. The
    labels found in the source count as annotated.
    """
    with reported():
        n_docs, n_spans = convert(source, output, data_format, lang=lang, spans_key=spans_key)
    say(f"✔ Wrote {n_docs:,} documents, {n_spans:,} entities: {output}", color=typer.colors.GREEN)


def convert(
    source: Path, output: Path, data_format: str, *, lang: str = "en", spans_key: str = "sc"
) -> tuple[int, int]:
    """Read annotated texts, and write a DocBin.

    source, data_format: See `training.formats.read_format`.
    output (Path): Its folder is made.
    RETURNS (tuple[int, int]): Documents and entities.
    RAISES (ValueError): For what cannot be read, with file and line.
    """
    import spacy
    from spacy.tokens import DocBin

    from spacy_gliner_biomed.training.corpora import gold_doc
    from spacy_gliner_biomed.training.formats import read_format

    texts = read_format(source, data_format)
    nlp = spacy.blank(lang)
    data = DocBin(docs=[gold_doc(nlp, text, spans_key) for text in texts])
    output.parent.mkdir(parents=True, exist_ok=True)
    data.to_disk(output)
    return len(texts), sum(len(text.spans) for text in texts)
