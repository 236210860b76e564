"""`python -m spacy gliner kb`: builds and shows terminologies for the linker."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.common.terminal import echo

kb_cli = typer.Typer(
    name="kb",
    help="Terminologies for the linker.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
gliner_cli.add_typer(kb_cli)


@kb_cli.command("build", no_args_is_help=True)
def build_cli(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Terminologies, last the file to write.", metavar="SOURCE... OUTPUT"),
    ],
    name: Annotated[str | None, typer.Option(help="Of the terminology; default: OUTPUT's.")] = None,
    version: Annotated[str, typer.Option(help="Of the terminology.")] = "",
    licence: Annotated[str, typer.Option(help="Of the terminology.")] = "",
    data_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="jsonl, csv, obo, mesh-xml, mesh-ascii, umls; default: by name.",
        ),
    ] = None,
) -> None:
    """Build one compact file of a terminology.

    Read are scispaCy's JSON lines, OBO (extra 'kb'), MeSH XML and ASCII, a UMLS folder with
    MRCONSO.RRF, and tables (.csv, .tsv) with the columns id, name, aliases, types, definition.
    """
    with reported():
        output = build(
            sources, name=name, version=version, licence=licence, data_format=data_format
        )
    echo(f"✔ Wrote {output}", color=typer.colors.GREEN)


@kb_cli.command("info", no_args_is_help=True)
def info_cli(
    kb: Annotated[Path, typer.Argument(help="A built terminology.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all of it, and compare its checksum.")
    ] = False,
) -> None:
    """Print what a built terminology is, as JSON."""
    with reported():
        typer.echo(info(kb, verify=verify))
    if verify:
        echo(f"✔ {kb} is as it was built", color=typer.colors.GREEN)


@kb_cli.command("search", no_args_is_help=True)
def search_cli(
    kb: Annotated[Path, typer.Argument(help="A terminology, built or not.")],
    names: Annotated[list[str], typer.Argument(help="Names to look up.")],
    k: Annotated[int, typer.Option("-k", help="Concepts for each.")] = 5,
) -> None:
    """Print the concepts that names may stand for: name, score, id, preferred name."""
    with reported():
        for row in search(kb, names, k=k):
            typer.echo("\t".join(row))


def build(
    paths: list[Path],
    *,
    name: str | None = None,
    version: str = "",
    licence: str = "",
    data_format: str | None = None,
) -> Path:
    """Build a terminology of all files but the last, write it as the last, and verify that.

    RAISES (ValueError): For what cannot be read, with file and line, or cannot be written.
    """
    from spacy_gliner_biomed.errors import Errors
    from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
    from spacy_gliner_biomed.linking.loading import build_knowledge_base
    from spacy_gliner_biomed.linking.sources.formats import guess_format

    *sources, output = paths
    if not sources:
        raise ValueError(Errors.E056.format(path=output, reason="no SOURCE is given before it"))
    if output.is_dir() or guess_format(output) is not None:
        reason = "its name is that of a source. Name the file to write last, such as mesh.kb"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
    if output.exists() and not output.is_file():  # told before the work, not after it
        reason = "it is a device or a pipe. Name a regular file"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
    kb = build_knowledge_base(
        sources,
        name=name or output.name.split(".")[0],
        version=version,
        licence=licence,
        data_format=data_format,
    )
    kb.to_disk(output)
    KnowledgeBase.from_disk(output).verify(output)
    echo(f"{kb.manifest['concepts']:,} concepts, {kb.manifest['names']:,} names")
    return output


def info(path: Path, *, verify: bool = False) -> str:
    """The manifest of a built terminology.

    verify (bool): Compare its checksum, too.
    RAISES (ValueError): If it cannot be read, or has changed since it was built.
    """
    from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase, manifest_json

    kb = KnowledgeBase.from_disk(path)
    if verify:
        kb.verify(path)
    return manifest_json(kb)


def search(path: Path, names: list[str], *, k: int = 5) -> list[list[str]]:
    """The concepts that names may stand for, best first."""
    from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
    from spacy_gliner_biomed.linking.loading import load_knowledge_base

    kb = load_knowledge_base(path)
    linker = ConceptLinker([kb])
    return [
        [name, f"{score:.3f}", concept_id, kb[concept_id].canonical_name]
        for name in names
        for concept_id, score in linker.rank(Mention(name, ""))[:k]
    ]
