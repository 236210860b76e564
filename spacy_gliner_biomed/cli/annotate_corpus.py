"""`python -m spacy gliner annotate-corpus`: a corpus of any size to tables of entities."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Errors

if TYPE_CHECKING:
    from spacy_gliner_biomed.distributed.corpus_run import Engine
    from spacy_gliner_biomed.distributed.run_spec import RunSpec

Option = typer.Option
ENGINES = ("local", "ray")
FORMATS = ("parquet", "jsonl", "docbin", "brat", "pubtator")
INCOMPLETE = 3  # exit status: the run is done, and some records failed


@gliner_cli.command("annotate-corpus", no_args_is_help=True)
def annotate_corpus_cli(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A folder, or a file .jsonl(.gz), .parquet, .spacy, .txt, or PubMed's .xml(.gz); "
            "endings in any case.",
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="A folder, new or empty.")],
    pipeline: Annotated[
        str, Option("--pipeline", "-p", help="Folder or package of a pipeline, or 'packaged'.")
    ] = "packaged",
    labels: Annotated[
        str | None,
        Option("--labels", "-l", help="Words separated by commas, or a JSON list with prompts."),
    ] = None,
    threshold: Annotated[float | None, Option(help="Least probability, 0 to 1.")] = None,
    precision: Annotated[str | None, Option(help="auto, float32, bfloat16 or float16.")] = None,
    format_: Annotated[
        str,
        Option("--format", "-f", help="parquet or jsonl: tables; docbin, brat, pubtator: more."),
    ] = "parquet",
    resume: Annotated[bool, Option("--resume", help="Go on where a run was interrupted.")] = False,
    engine: Annotated[str, Option(help="local, or ray.")] = "local",
    workers: Annotated[int, Option(min=1, help="Worker processes, or actors of Ray.")] = 1,
    min_workers: Annotated[
        int | None, Option(min=1, help="Actors of Ray to begin with; --workers is the most.")
    ] = None,
    threads: Annotated[
        int | None, Option(min=1, help="Of torch, in each; default: 1 with several workers.")
    ] = None,
    gpus_per_worker: Annotated[
        float, Option(min=0, help="0.5 for two workers on one GPU; 0: where the pipeline says.")
    ] = 0.0,
    address: Annotated[str | None, Option(help="Of a Ray cluster: auto, or host:port.")] = None,
    partition_size: Annotated[
        int, Option(min=1, max=99_999, help="Documents that are written together.")
    ] = 1000,
    max_characters: Annotated[
        int | None, Option(min=1, help="A longer text fails; default: no limit.")
    ] = None,
    batch_size: Annotated[int, Option(min=1, help="Documents worked on together.")] = 64,
    patience: Annotated[float, Option(min=0, help="Seconds to wait while a disk is full.")] = 600,
    code: Annotated[
        Path | None, Option("--code", "-c", help="Python file with components of your own.")
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress line, no summary.")] = False,
) -> None:
    """Annotate a corpus with worker processes, or on a Ray cluster.

    OUTPUT/parts/*/ holds the tables documents, entities and failures; a part appears when all of
    it is written. OUTPUT/manifest.json says what was done. Each record of the input is once in
    documents or in failures, and so is each file that cannot be read. Files of other kinds are
    counted in the summary and the manifest.

    Exit status: 0 if all records were annotated; 3 if the run is done and some records are in
    failures (PubMed's own deletions and earlier versions do not count); 1 if the run could not
    begin or go on (see --resume); 2 for a wrong option.
    """
    from spacy_gliner_biomed.distributed.corpus import Corpus
    from spacy_gliner_biomed.distributed.corpus_run import run_corpus

    with reported():
        _check(format_, "format", FORMATS)
        _check(engine, "engine", ENGINES)
        options = {"labels": labels, "threshold": threshold, "precision": precision}
        spec = make_run_spec(
            output,
            pipeline,
            options,
            format_=format_,
            max_characters=max_characters,
            batch_size=batch_size,
            threads=threads or (1 if workers > 1 else None),
            patience=patience,
            code=code,
        )
        corpus = Corpus(source, partition_size=partition_size)
        pool = (workers, min_workers)
        chosen = make_engine(engine, spec, pool, gpus_per_worker, address)
        manifest = run_corpus(corpus, spec, chosen, resume=resume, quiet=quiet)
    if not quiet:
        echo(manifest["summary"])
    if manifest["failed"]:
        raise typer.Exit(INCOMPLETE)


def make_run_spec(
    output: Path,
    pipeline: str,
    options: dict[str, Any],
    *,
    format_: Any = "parquet",
    max_characters: int | None = None,
    batch_size: int = 64,
    threads: int | None = None,
    patience: float = 600,
    code: Path | None = None,
) -> "RunSpec":
    """What the workers do; see the command's options.

    options (dict[str, Any]): Settings of the component; `labels` as on the command line.
    RAISES (ValueError): If labels cannot be read or are no text, or the code is not there.
    RAISES (ImportError): If the format needs a package that is not installed.
    """
    from spacy_gliner_biomed.common.optional import import_parquet
    from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
    from spacy_gliner_biomed.distributed.exports import EXPORTS
    from spacy_gliner_biomed.distributed.result_storage import Storage
    from spacy_gliner_biomed.distributed.run_spec import RunSpec
    from spacy_gliner_biomed.documents.pipelines import parse_labels

    if format_ == "parquet":
        import_parquet("--format parquet (the default)")
    if code is not None and not code.is_file():
        raise ValueError(Errors.E050.format(path=code))
    given = {**options, "labels": _check_labels(parse_labels(options.get("labels")))}
    config = AnnotatorConfig(
        pipeline=None if pipeline == "packaged" else pipeline,
        options={key: value for key, value in given.items() if value is not None},
        code=code,
        batch_size=batch_size,
        max_characters=max_characters,
        export=format_ if format_ in EXPORTS else None,
    )
    return RunSpec(config, Storage(output, format_), threads, patience)


def make_engine(
    name: str,
    spec: "RunSpec",
    pool: tuple[int, int | None],
    gpus_per_worker: float,
    address: str | None,
) -> "Engine":
    """The engine of a name.

    pool (tuple[int, int | None]): Workers at most, and to begin with.
    RAISES (ImportError): If its package is not installed.
    """
    from spacy_gliner_biomed.distributed.local_engine import LocalEngine

    if name != "ray":
        return LocalEngine(spec, n_workers=pool[0], gpus_per_worker=gpus_per_worker)
    from spacy_gliner_biomed.distributed.ray_engine import RayEngine

    return RayEngine(
        spec,
        n_workers=pool[0],
        min_workers=pool[1],
        gpus_per_worker=gpus_per_worker,
        address=address,
    )


def _check_labels(labels: Any) -> Any:
    from spacy_gliner_biomed.common.json_text import check_text

    try:
        check_text(json.dumps(labels, ensure_ascii=False))
    except ValueError as error:
        raise ValueError(Errors.E171.format(found=error)) from error
    return labels


def _check(value: str, name: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        listed = "one of " + ", ".join(allowed)
        raise ValueError(Errors.E030.format(name=name, allowed=listed, found=value))
