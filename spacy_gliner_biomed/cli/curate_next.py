"""`python -m spacy gliner curate next`: the documents to annotate next."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import reported
from spacy_gliner_biomed.cli.curate import Report, curate_cli, show_progress
from spacy_gliner_biomed.cli.pipeline_options import (
    BatchSizeOption,
    CheckpointOption,
    DeviceOption,
    LabelsOption,
    PipelineOption,
)
from spacy_gliner_biomed.cli.reading_options import (
    ColumnOption,
    EncodingOption,
    IdColumnOption,
    InputFormatOption,
    TextColumnOption,
)
from spacy_gliner_biomed.common.json_files import write_report
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.counting import count as counted

Option = typer.Option


@curate_cli.command("next", no_args_is_help=True)
def next_cli(
    pool: Annotated[
        list[Path],
        typer.Argument(help="Files or folders of texts to choose from, of any input format."),
    ],
    output: Annotated[
        list[str],
        Option(
            "--output",
            "-o",
            help="Output file: .prodigy.jsonl, .labelstudio.json, .jsonl or another format of "
            "annotate; can be repeated.",
        ),
    ],
    labels: LabelsOption = None,
    count: Annotated[int, Option("--count", "-n", help="Number of documents to propose.")] = 20,
    uncertainty: Annotated[
        float, Option(help="Weight of the model's uncertainty; 0 leaves it out.")
    ] = 1.0,
    coverage: Annotated[
        float, Option(help="Weight of the gain in coverage of the pool; 0 leaves it out.")
    ] = 1.0,
    annotated: Annotated[
        list[Path] | None,
        Option(help="Files with the documents that are annotated already; can be repeated."),
    ] = None,
    format_: Annotated[
        str | None,
        Option("--format", "-f", help="Output format, if the ending is not clear; see annotate."),
    ] = None,
    input_format: InputFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    text_column: TextColumnOption = None,
    id_column: IdColumnOption = None,
    checkpoint: CheckpointOption = None,
    pipeline: PipelineOption = None,
    threshold: Annotated[
        float | None,
        Option(help="Minimum score of a suggested entity; default: the pipeline's, or 0.5."),
    ] = None,
    device: DeviceOption = None,
    sample: Annotated[
        int,
        Option(
            help="Number of random documents that stand for the pool, and of the most uncertain "
            "ones to choose from (at least --count); more need more memory."
        ),
    ] = 2000,
    seed: Annotated[int, Option(help="Random seed of that sample.")] = 0,
    batch_size: BatchSizeOption = 64,
    report: Report = None,
) -> None:
    """Propose the documents to annotate next, the most useful first, with suggested entities.

    A document is useful if the model is unsure of its entities, and if it is like many others that
    no annotated or proposed document is like. The same pool gives the same documents each time.

    Documents, lines and files that cannot be read are reported; the exit status is then 1.

    Example: python -m spacy gliner curate next notes/ -o next.prodigy.jsonl -l "disease,drug" -n 50
    """
    from spacy_gliner_biomed.curation.annotation_order import OrderSettings
    from spacy_gliner_biomed.curation.next_documents import PROPOSED, UNREADABLE, write_next
    from spacy_gliner_biomed.documents.inputs import find_inputs
    from spacy_gliner_biomed.documents.outputs import check_outputs, plan_outputs
    from spacy_gliner_biomed.documents.pipelines import configure, get_pipeline, parse_labels
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        settings = OrderSettings(count, uncertainty, coverage, sample, seed)
        reading = ReadOptions(encoding, column, text_column, id_column, data_format=input_format)
        files = find_inputs(pool, reading)
        outputs = plan_outputs(output, format_)
        check_outputs(outputs, [*pool, *(annotated or [])], [*files, *(annotated or [])])
        nlp = get_pipeline(pipeline, lang="en", checkpoint=checkpoint, revision=None)
        options = {"labels": parse_labels(labels), "threshold": threshold, "device": device}
        configure(nlp, options)
        found = write_next(
            nlp,
            files,
            outputs,
            settings,
            annotated=annotated or [],
            reading=reading,
            batch_size=batch_size,
            progress=show_progress,
        )
        counts = found["documents"]
        for outcome, n_documents in counts.items():
            echo(f"  {n_documents:>8,}  {outcome}")
        if report is not None:
            write_report(report, found)
        written = ", ".join(each.path for each in outputs)
        proposed = counted(counts[PROPOSED], "document")
        echo(f"✔ Wrote {proposed} to annotate: {written}", color="green")
    if counts.get(UNREADABLE):
        raise typer.Exit(1)
