"""`python -m spacy gliner kb`: builds and searches knowledge bases for the linker."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.reading_options import EncodingOption
from spacy_gliner_biomed.common.terminal import echo

kb_cli = typer.Typer(
    name="kb",
    help="Build and search knowledge bases for the linker.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
gliner_cli.add_typer(kb_cli)


@kb_cli.command("build", no_args_is_help=True)
def build_cli(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Terminologies to read, then the file to write.", metavar="SOURCE... OUTPUT"
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the knowledge base. Default: from OUTPUT.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the terminology.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the terminology.")] = "",
    data_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="jsonl, json, csv, obo, mesh-xml, mesh-ascii or umls. Default: by file name.",
        ),
    ] = None,
    encoding: EncodingOption = "utf-8",
) -> None:
    """Build a knowledge base from terminologies, as one compact file.

    Formats: scispaCy's JSON, as lines or one array; OBO (extra 'kb'); MeSH XML and ASCII; a UMLS
    folder with MRCONSO.RRF; tables (.csv, .tsv) with the columns id, name, aliases, types,
    definition. Columns are separated by commas, semicolons or tabs, and several aliases or types
    in a cell by "|": PLX4032|Zelboraf.
    """
    with reported():
        output = build(
            sources,
            name=name,
            version=version,
            licence=licence,
            data_format=data_format,
            encoding=encoding,
        )
    echo(f"✔ Wrote {output}", color=typer.colors.GREEN)


@kb_cli.command("info", no_args_is_help=True)
def info_cli(
    kb: Annotated[Path, typer.Argument(help="A knowledge base (.kb).")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the whole file and check its checksum.")
    ] = False,
) -> None:
    """Print the manifest of a knowledge base as JSON."""
    with reported():
        typer.echo(info(kb, verify=verify))
    if verify:
        echo(f"✔ {kb} is as it was built", color=typer.colors.GREEN)


@kb_cli.command("search", no_args_is_help=True)
def search_cli(
    kb: Annotated[Path, typer.Argument(help="A knowledge base or a terminology.")],
    names: Annotated[list[str], typer.Argument(help="Names to look up.")],
    k: Annotated[int, typer.Option("-k", help="Maximum number of concepts for each name.")] = 5,
) -> None:
    """Print candidate concepts for names: name, score, id, canonical name."""
    with reported():
        rows = search(kb, names, k=k)
        for row in rows:
            typer.echo("\t".join(row))
        for name in dict.fromkeys(names):
            if not any(row[0] == name for row in rows):
                echo(f"No concept has a name like {name!r}")


def build(
    paths: list[Path],
    *,
    name: str | None = None,
    version: str = "",
    licence: str = "",
    data_format: str | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Build a knowledge base from all files but the last, write it to the last, and verify it.

    paths (list[Path]): The terminologies, then the file to write.
    name (str | None): Name of the knowledge base; None for the output's name.
    version, licence (str): For the manifest.
    data_format (str | None), encoding (str): See `sources.formats.read_concepts`.
    RETURNS (Path): The file written.
    RAISES (ValueError): If a file cannot be read (with file and line) or written.
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
    if output.exists() and not output.is_file():  # refused before the build, not after it
        reason = "it is a device or a pipe. Name a regular file"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
    kb = build_knowledge_base(
        sources,
        name=name or output.name.split(".")[0],
        version=version,
        licence=licence,
        data_format=data_format,
        encoding=encoding,
    )
    kb.to_disk(output)
    KnowledgeBase.from_disk(output).verify(output)
    echo(f"{kb.manifest['concepts']:,} concepts, {kb.manifest['names']:,} names")
    return output


def info(path: Path, *, verify: bool = False) -> str:
    """Return the manifest of a knowledge base as JSON.

    path (Path): The knowledge base.
    verify (bool): Also check its checksum.
    RETURNS (str): JSON.
    RAISES (ValueError): If it cannot be read, or has changed since it was built.
    """
    from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase, manifest_json

    kb = KnowledgeBase.from_disk(path)
    if verify:
        kb.verify(path)
    return manifest_json(kb)


def search(path: Path, names: list[str], *, k: int = 5) -> list[list[str]]:
    """Find candidate concepts for names.

    path (Path): A knowledge base or a terminology.
    names (list[str]): Names to look up.
    k (int): Maximum number of concepts for each name.
    RETURNS (list[list[str]]): Name, score, id and canonical name, best first for each name.
    RAISES (ValueError): If `k` is below 1, or the file cannot be read.
    """
    from spacy_gliner_biomed.errors import Errors
    from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
    from spacy_gliner_biomed.linking.loading import load_knowledge_base

    if k < 1:
        raise ValueError(Errors.E419.format(k=k))
    kb = load_knowledge_base(path)
    linker = ConceptLinker([kb])
    return [
        [name, f"{score:.3f}", concept_id, kb[concept_id].canonical_name]
        for name in names
        for concept_id, score in linker.rank(Mention(name, ""))[:k]
    ]
