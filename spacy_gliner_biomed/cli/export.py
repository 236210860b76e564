"""`python -m spacy gliner export`: write a checkpoint as a safetensors folder."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.pipeline_options import RevisionOption
from spacy_gliner_biomed.common.terminal import echo


@gliner_cli.command("export", no_args_is_help=True)
def export_cli(
    checkpoint: Annotated[
        str, typer.Argument(help="'packaged', a folder, or a Hugging Face repository name.")
    ],
    folder: Annotated[Path, typer.Argument(help="Output folder; must be new or empty.")],
    revision: RevisionOption = None,
    force: Annotated[
        bool, typer.Option("--force", "-F", help="Write into a folder that is not empty.")
    ] = False,
    half: Annotated[
        bool,
        typer.Option("--half", help="Store 16-bit weights: half the size, less precise."),
    ] = False,
) -> None:
    """Write a checkpoint as a self-contained safetensors folder.

    The folder holds config, weights and tokenizer. It loads offline, also with the GLiNER package.
    """
    with reported():
        export(checkpoint, folder, revision=revision, force=force, half=half)
    echo(f"✔ Wrote {folder}", color=typer.colors.GREEN)


def export(
    checkpoint: str,
    folder: Path,
    *,
    revision: str | None = None,
    force: bool = False,
    half: bool = False,
) -> None:
    """Read a checkpoint and write it again.

    checkpoint (str): See `models.hub.find_checkpoint`.
    folder (Path): The output folder.
    revision (str | None): See `models.hub.find_checkpoint`.
    force (bool): Whether to write into a folder that is not empty.
    half (bool): Whether to store the weights as float16.
    RAISES (ValueError): If the checkpoint cannot be read, or the folder is not empty.
    """
    from spacy_gliner_biomed.errors import Errors
    from spacy_gliner_biomed.models.checkpoints import load_checkpoint, write_checkpoint

    if folder.exists() and not folder.is_dir():
        raise ValueError(Errors.E056.format(path=folder, reason="it is a file, not a folder"))
    if not force and folder.exists() and any(folder.iterdir()):
        reason = "it is not empty. Choose another folder, or add --force"
        raise ValueError(Errors.E056.format(path=folder, reason=reason))
    write_checkpoint(load_checkpoint(checkpoint, revision), folder, half=half)
