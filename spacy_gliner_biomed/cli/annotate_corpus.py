"""`python -m spacy gliner annotate-corpus`: annotate a corpus of any size; write tables."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_gliner_biomed.cli.annotate import OUTPUT_FORMATS
from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.linking_options import KbOption, LinkOption
from spacy_gliner_biomed.cli.reading_options import (
    ColumnOption,
    EncodingOption,
    IdColumnOption,
    InputFormatOption,
    TextColumnOption,
)
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Errors

if TYPE_CHECKING:
    from spacy_gliner_biomed.distributed.corpus_run import Engine
    from spacy_gliner_biomed.distributed.run_spec import RunSpec
    from spacy_gliner_biomed.linking.linker_options import LinkerOptions

Option = typer.Option
ENGINES = ("local", "ray")
FORMATS = ("parquet", *(name for name in OUTPUT_FORMATS if name not in ("table", "parquet")))
INCOMPLETE = 3  # exit status: the run is complete, but some records failed


@gliner_cli.command("annotate-corpus", no_args_is_help=True)
def annotate_corpus_cli(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A folder or a file: text, JSON lines, Parquet, CSV, DocBin, PubMed, BioC, JATS, "
            "PubTator, CoNLL, formats of annotation tools; .gz where the format is text.",
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="A new or empty folder.")],
    pipeline: Annotated[
        str, Option("--pipeline", "-p", help="Folder or package of a pipeline, or 'packaged'.")
    ] = "packaged",
    labels: Annotated[
        str | None,
        Option(
            "--labels",
            "-l",
            help="Labels separated by commas, or a JSON list with prompts; default: the "
            "pipeline's. Needed for 'packaged'.",
        ),
    ] = None,
    threshold: Annotated[
        float | None, Option(help="Minimum score, 0 to 1; default: the pipeline's, or 0.5.")
    ] = None,
    precision: Annotated[
        str | None, Option(help="auto, float32, bfloat16 or float16; default: float32.")
    ] = None,
    format_: Annotated[
        str,
        Option(
            "--format",
            "-f",
            help="parquet or jsonl for tables only; one of the others for tables as JSON lines and "
            f"the documents in this format: {', '.join(FORMATS[2:])}.",
        ),
    ] = "parquet",
    input_format: InputFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    text_column: TextColumnOption = None,
    id_column: IdColumnOption = None,
    attributes: Annotated[
        str | None,
        Option(help="Custom attributes to write (ent._.NAME), by commas: negex,section_category."),
    ] = None,
    fhir_mapping: Annotated[
        Path | None,
        Option(help="File .json or .toml that changes how entities become FHIR resources."),
    ] = None,
    kb: KbOption = None,
    link: LinkOption = None,
    resume: Annotated[bool, Option("--resume", help="Continue an interrupted run.")] = False,
    engine: Annotated[str, Option(help="local or ray.")] = "local",
    workers: Annotated[int, Option(min=1, help="Worker processes or Ray actors.")] = 1,
    min_workers: Annotated[
        int | None, Option(min=1, help="Ray actors at the start; default and maximum: --workers.")
    ] = None,
    threads: Annotated[
        int | None, Option(min=1, help="Torch threads per worker; default: 1 if there are several.")
    ] = None,
    gpus_per_worker: Annotated[
        float, Option(min=0, help="0.5 for two workers on one GPU; 0: the pipeline's device.")
    ] = 0.0,
    address: Annotated[
        str | None,
        Option(help="Address of a Ray cluster: auto or host:port; default: Ray on this machine."),
    ] = None,
    partition_size: Annotated[
        int, Option(min=1, max=99_999, help="Documents per partition.")
    ] = 1000,
    max_characters: Annotated[
        int | None, Option(min=1, help="Longer texts fail; default: no limit.")
    ] = None,
    batch_size: Annotated[int, Option(min=1, help="Documents per batch.")] = 64,
    patience: Annotated[float, Option(min=0, help="Seconds to retry if a disk is full.")] = 600,
    code: Annotated[
        Path | None, Option("--code", "-c", help="Python file with custom components.")
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Hide progress and summary.")] = False,
) -> None:
    """Annotate a corpus with worker processes, or on a Ray cluster.

    OUTPUT/parts/*/ holds the tables documents, entities and failures. Each part is written
    atomically. OUTPUT/manifest.json describes the run. Every input record is either in documents or
    in failures; a file that cannot be read is in failures. The summary and the manifest count
    the files of other formats.

    Exit status: 0 if all records were annotated; 3 if the run is complete but some records are in
    failures (deleted and superseded PubMed citations do not count); 1 if the run could not start
    or continue (see --resume); 2 for an invalid option.

    Example: python -m spacy gliner annotate-corpus notes/ entities/ --labels "disease,drug"
    """
    from spacy_gliner_biomed.distributed.corpus import Corpus
    from spacy_gliner_biomed.distributed.corpus_run import run_corpus
    from spacy_gliner_biomed.linking.linker_options import LinkerOptions
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        _check(format_, "format", FORMATS)
        _check(engine, "engine", ENGINES)
        reading = ReadOptions(encoding, column, text_column, id_column, data_format=input_format)
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
            linking=LinkerOptions.of(kb, link),
            code=code,
            attributes=attributes,
            fhir_mapping=fhir_mapping,
        )
        corpus = Corpus(source, partition_size=partition_size, reading=reading)
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
    linking: "LinkerOptions | None" = None,
    code: Path | None = None,
    attributes: str | None = None,
    fhir_mapping: Path | None = None,
) -> "RunSpec":
    """Make the settings of a run from the command's options.

    output (Path): The output folder.
    pipeline (str): Folder or package of a pipeline, or "packaged".
    options (dict[str, Any]): Settings of the component; `labels` as on the command line.
    format_ (Any): One of `FORMATS`.
    max_characters (int | None): Maximum length of a text; None for no limit.
    batch_size (int): Documents per batch.
    threads (int | None): Number of torch threads; None keeps torch's default.
    patience (float): Seconds for which failing writes are retried.
    linking (LinkerOptions | None): Adds a linker; None for the pipeline as it is.
    code (Path | None): A Python file with custom components.
    attributes (str | None): Custom attributes to write, separated by commas.
    fhir_mapping (Path | None): A file that changes the mapping to FHIR.
    RETURNS (RunSpec): The settings.
    RAISES (ValueError): If labels are invalid or not text, the file of code does not exist, or the
        mapping is wrong.
    RAISES (ImportError): If the format needs a package that is not installed.
    """
    from spacy_gliner_biomed.common.optional import import_parquet
    from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
    from spacy_gliner_biomed.distributed.exports import EXPORTS, make_export
    from spacy_gliner_biomed.distributed.result_storage import Storage
    from spacy_gliner_biomed.distributed.run_spec import RunSpec
    from spacy_gliner_biomed.documents.pipelines import parse_labels
    from spacy_gliner_biomed.documents.writing.run_settings import make_writing_options

    if format_ == "parquet":
        import_parquet("--format parquet (the default)")
    if format_ in EXPORTS:
        make_export(format_)  # is all that it needs installed?
    writing = make_writing_options(attributes, fhir_mapping)
    if code is not None and not code.is_file():
        raise ValueError(Errors.E050.format(path=code))
    given = {**options, "labels": _check_labels(parse_labels(options.get("labels")))}
    config = AnnotatorConfig(
        pipeline=None if pipeline == "packaged" else pipeline,
        options={key: value for key, value in given.items() if value is not None},
        code=code,
        linking=linking,
        batch_size=batch_size,
        max_characters=max_characters,
        export=format_ if format_ in EXPORTS else None,
        attributes=writing.attributes,
        fhir=writing.fhir,
    )
    return RunSpec(config, Storage(output, format_), threads, patience)


def make_engine(
    name: str,
    spec: "RunSpec",
    pool: tuple[int, int | None],
    gpus_per_worker: float,
    address: str | None,
) -> "Engine":
    """Make an engine.

    name (str): One of `ENGINES`.
    spec (RunSpec): The run.
    pool (tuple[int, int | None]): The maximum number of workers, and the number at the start.
    gpus_per_worker (float): 0.5 for two workers on one GPU; 0 uses the pipeline's own device.
    address (str | None): Address of a Ray cluster; None starts Ray on this machine.
    RETURNS (Engine): The engine.
    RAISES (ImportError): If a package that the engine needs is not installed.
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
