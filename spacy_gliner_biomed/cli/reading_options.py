"""The options of the commands that read files of many formats."""

from typing import Annotated

import typer

# The names of `training.formats.table`, which is not imported here, so that --help is fast.
WITH_ENTITIES = (
    "jsonl, docbin, brat, pubtator, bioc-xml, bioc-json, pubannotation, conll, prodigy, doccano, "
    "labelstudio, gliner, gliner2, instructions"
)
WITHOUT_ENTITIES = "text, csv, jats"

DataFormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", help=f"Format of the source: {WITH_ENTITIES}; default: detected."
    ),
]
InputFormatOption = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        help=f"Format of all inputs: {WITHOUT_ENTITIES}, {WITH_ENTITIES}; default: detected.",
    ),
]
EncodingOption = Annotated[
    str,
    typer.Option(
        "--encoding", help="Encoding of the input, such as cp1252; XML files declare theirs."
    ),
]
ColumnOption = Annotated[
    int | None,
    typer.Option("--column", help="Column of the tags in CoNLL files, from 1; default: last."),
]
TextColumnOption = Annotated[
    str | None,
    typer.Option(
        "--text-column",
        help="Column of the texts in CSV files; for annotate-corpus also the key in JSON lines and "
        "Parquet. Default: text.",
    ),
]
IdColumnOption = Annotated[
    str | None,
    typer.Option(
        "--id-column", help="Column of the ids, as for --text-column; default: id, if there."
    ),
]
