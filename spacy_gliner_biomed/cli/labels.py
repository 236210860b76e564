"""`python -m spacy gliner labels`: list the labels that a checkpoint was trained with."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from wasabi.tables import table

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.common.terminal import echo


@gliner_cli.command("labels")
def labels_cli(
    checkpoint: Annotated[
        str, typer.Option(help="'packaged', a folder, or a Hugging Face repository name.")
    ] = "packaged",
    family: Annotated[str | None, typer.Option(help="Only labels of this family.")] = None,
    search: Annotated[str | None, typer.Option(help="Only labels similar to these words.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """List the labels that a checkpoint was trained with, with examples and F1.

    You can use other labels, too. The more similar they are to these, the better they work.

    Example: python -m spacy gliner labels --search "side effect"
    """
    from spacy_gliner_biomed.models.catalogue import read_catalogue
    from spacy_gliner_biomed.models.hub import LABELS_NAME, find_checkpoint

    with reported():
        catalogue = read_catalogue(find_checkpoint(checkpoint, None) / LABELS_NAME)
    labels = [row for row in catalogue.labels if family is None or row.family == family]
    if search is not None:
        wanted = {catalogue.familiar(search), *catalogue.nearest(search, count=10)}
        labels = [row for row in labels if row.label in wanted]
    if as_json:
        for row in labels:
            typer.echo(json.dumps(asdict(row), ensure_ascii=False))
        return
    rows = [
        (
            row.label,
            row.family,
            f"{row.mentions:,}",
            "" if row.f1 is None else f"{row.f1:.0f}",
            ", ".join(row.examples),
        )
        for row in labels
    ]
    header = ("Label", "Family", "Mentions", "F1", "Examples")
    if rows:
        options: dict[str, Any] = {"divider": True, "aligns": list("llrrl"), "max_col": 60}
        typer.echo(table(rows, header=header, **options))
    else:
        echo("No label fits." if catalogue.labels else "This checkpoint does not list its labels.")
