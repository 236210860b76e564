"""`python -m spacy gliner annotate-corpus`: annotate a corpus of any size; write tables."""

from typing import Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import INCOMPLETE, gliner_cli, reported
from spacy_gliner_biomed.cli.linking_options import KbOption, LinkOption
from spacy_gliner_biomed.cli.pipeline_options import (
    BatchSizeOption,
    CodeOption,
    LabelsOption,
    PrecisionOption,
    QuietOption,
    ThresholdOption,
)
from spacy_gliner_biomed.cli.reading_options import (
    ColumnOption,
    EncodingOption,
    IdColumnOption,
    InputFormatOption,
    TextColumnOption,
)
from spacy_gliner_biomed.cli.relation_option import RelationsOption
from spacy_gliner_biomed.cli.writing_options import (
    OUTPUT_FORMATS,
    AttributesOption,
    FhirMappingOption,
)
from spacy_gliner_biomed.common.terminal import echo

Option = typer.Option
OTHERS = ("table", "parquet", "relations-csv", "relations-parquet")  # the tables have relations
FORMATS = ("parquet", *(name for name in OUTPUT_FORMATS if name not in OTHERS))


@gliner_cli.command("annotate-corpus", no_args_is_help=True)
def annotate_corpus_cli(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A folder, a file, or a URL (s3://, gs://, abfss://, hf://): text, JSON lines, "
            "Parquet, CSV, DocBin, PubMed, BioC, JATS, PubTator, CoNLL, formats of annotation "
            "tools; .gz where the format is text.",
        ),
    ],
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="A new or empty folder, or a URL.")
    ],
    pipeline: Annotated[
        str, Option("--pipeline", "-p", help="Folder or package of a pipeline, or 'packaged'.")
    ] = "packaged",
    labels: LabelsOption = None,
    relations: RelationsOption = None,
    threshold: ThresholdOption = None,
    precision: PrecisionOption = None,
    format_: Annotated[
        str,
        Option(
            "--format",
            "-f",
            help="Format of the output. parquet and jsonl write tables only; every other format "
            f"adds the documents in that format to tables as JSON lines: {', '.join(FORMATS[2:])}.",
        ),
    ] = "parquet",
    input_format: InputFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    text_column: TextColumnOption = None,
    id_column: IdColumnOption = None,
    attributes: AttributesOption = None,
    fhir_mapping: FhirMappingOption = None,
    kb: KbOption = None,
    link: LinkOption = None,
    resume: Annotated[bool, Option("--resume", help="Continue an interrupted run.")] = False,
    engine: Annotated[str, Option(help="local or ray.")] = "local",
    workers: Annotated[
        int,
        Option(
            min=0,
            help="Worker processes or Ray actors; 0: one for each core that this process may use, "
            "as far as there is memory.",
        ),
    ] = 1,
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
    batch_size: BatchSizeOption = 64,
    patience: Annotated[float, Option(min=0, help="Seconds to retry if a disk is full.")] = 600,
    code: CodeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Annotate a corpus with worker processes, or on a Ray cluster.

    OUTPUT/parts/*/ holds the tables documents, entities, relations and failures. Each part is
    written atomically. OUTPUT/manifest.json describes the run. Every input record is either in
    documents or in failures; a file that cannot be read is in failures. The summary and the
    manifest count the files of other formats, and those that are UTF-8 although another encoding
    is named.

    Exit status: 0 if all records were annotated; 3 if the run is complete but some records are in
    failures (deleted and superseded PubMed citations do not count); 1 if the run could not start
    or continue (see --resume); 2 for an option that is unknown or out of
    range.

    Example: python -m spacy gliner annotate-corpus notes/ entities/ --labels "disease,drug"
    """
    from spacy_gliner_biomed.distributed.corpus import Corpus
    from spacy_gliner_biomed.distributed.corpus_run import run_corpus
    from spacy_gliner_biomed.distributed.cpus import default_workers
    from spacy_gliner_biomed.distributed.run_setup import make_engine, make_run_spec
    from spacy_gliner_biomed.documents.pipelines import parse_labels, parse_relations
    from spacy_gliner_biomed.linking.linker_options import LinkerOptions
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        reading = ReadOptions(encoding, column, text_column, id_column, data_format=input_format)
        workers = workers or default_workers()
        options: dict[str, Any] = {"labels": parse_labels(labels)}
        options |= {"relations": parse_relations(relations)}
        options |= {"threshold": threshold, "precision": precision}
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
        chosen = make_engine(
            engine,
            spec,
            workers=workers,
            min_workers=min_workers,
            gpus_per_worker=gpus_per_worker,
            address=address,
        )
        manifest = run_corpus(corpus, spec, chosen, resume=resume, quiet=quiet)
    if not quiet:
        echo(manifest["summary"])
    if manifest["failed"]:
        raise typer.Exit(INCOMPLETE)
