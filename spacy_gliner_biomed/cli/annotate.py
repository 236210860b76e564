"""`python -m spacy gliner annotate`: find entities in files."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.linking_options import KbOption, LinkOption
from spacy_gliner_biomed.cli.pipeline_options import (
    BatchSizeOption,
    CheckpointOption,
    CodeOption,
    DeviceOption,
    LabelsOption,
    LangOption,
    PipelineOption,
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
from spacy_gliner_biomed.errors import Errors

Option = typer.Option


@gliner_cli.command("annotate", no_args_is_help=True)
def annotate_cli(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Files or folders: text (.txt, one document each), JSON lines, CSV, DocBin, BioC, "
            "JATS, PubTator, BRAT, CoNLL and the formats of annotation tools."
        ),
    ],
    labels: LabelsOption = None,
    relations: RelationsOption = None,
    output: Annotated[
        list[str] | None,
        Option(
            "--output",
            "-o",
            help="Output file; can be repeated. Default: -, which is standard output.",
        ),
    ] = None,
    format_: Annotated[
        str | None,
        Option(
            "--format",
            "-f",
            help=f"Output format, if the ending is not clear: {', '.join(OUTPUT_FORMATS)}. "
            "Default for standard output: table.",
        ),
    ] = None,
    input_format: InputFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    text_column: TextColumnOption = None,
    id_column: IdColumnOption = None,
    attributes: AttributesOption = None,
    fhir_mapping: FhirMappingOption = None,
    checkpoint: CheckpointOption = None,
    revision: Annotated[
        str | None, Option(help="Commit, branch or tag of the repository; default: main.")
    ] = None,
    pipeline: PipelineOption = None,
    code: CodeOption = None,
    lang: LangOption = "en",
    threshold: ThresholdOption = None,
    overlap: Annotated[str | None, Option(help="flat or nested; default: flat.")] = None,
    multi_label: Annotated[
        bool | None,
        Option("--multi-label/--one-label", help="Allow several labels on one span; default: one."),
    ] = None,
    alignment: Annotated[
        str | None,
        Option(
            help="expand, contract, split (exact offsets) or strict; default: split, or the "
            "pipeline's."
        ),
    ] = None,
    overwrite: Annotated[
        bool | None,
        Option("--overwrite/--keep", help="Replace entities of .spacy inputs; default: keep."),
    ] = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    kb: KbOption = None,
    link: LinkOption = None,
    batch_size: BatchSizeOption = 64,
    n_process: Annotated[int, Option(min=1, help="Number of worker processes.")] = 1,
    quiet: QuietOption = False,
) -> None:
    """Find entities of any type in files.

    Without --output, a table goes to standard output. The ending of an output sets its format:
    .jsonl (id, text, entities and all other keys of the input line), .spacy (a DocBin with scores
    in doc.spans), .html (a page), .csv (for spreadsheets), .parquet, .relations.csv and
    .relations.parquet (relations between entities), .bioc.xml, .bioc.json, .pubannotation.json,
    .pubtator, .brat.zip, .conll, .labelstudio.json, .prodigy.jsonl, .fhir.json or .omop.csv. An
    existing file is replaced when all documents are done. Without --pipeline,
    spans keep their exact offsets (--alignment split). Concept ids, preferred names and scores of
    links are written wherever the pipeline has a linker.

    Documents, lines and files that cannot be read or annotated are reported on standard error; the
    others are annotated, and the exit status is 1. If no document can be annotated, no output is
    written. A warning counts the files of other formats in a folder. Hidden files, whose names
    begin with a dot, are skipped.

    Example: python -m spacy gliner annotate notes/ --labels "disease,drug" --output found.csv
    """
    from spacy_gliner_biomed.documents.file_annotation import annotate_files
    from spacy_gliner_biomed.documents.inputs import find_inputs
    from spacy_gliner_biomed.documents.outputs import check_outputs, plan_outputs
    from spacy_gliner_biomed.documents.pipelines import (
        configure,
        get_pipeline,
        parse_labels,
        parse_relations,
    )
    from spacy_gliner_biomed.documents.writing.run_settings import make_writing_options
    from spacy_gliner_biomed.linking.linker_options import LinkerOptions, add_linker
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        reading = ReadOptions(encoding, column, text_column, id_column, data_format=input_format)
        files = find_inputs(inputs, reading)
        outputs = plan_outputs(output or [], format_)
        check_outputs(outputs, inputs, files)
        writing = make_writing_options(attributes, fhir_mapping)
        import_code(code)
        nlp = get_pipeline(pipeline, lang=lang, checkpoint=checkpoint, revision=revision)
        options = {
            "labels": parse_labels(labels),
            "relations": parse_relations(relations),
            "threshold": threshold,
            "overlap": overlap,
            "multi_label": multi_label,
            "alignment": alignment,
            "overwrite": overwrite,
            "device": device,
            "precision": precision,
        }
        configure(nlp, options, n_process=n_process)
        if (linking := LinkerOptions.of(kb, link)) is not None:
            add_linker(nlp, linking)
        counts = annotate_files(
            nlp,
            files,
            outputs,
            reading=reading,
            writing=writing,
            batch_size=batch_size,
            n_process=n_process,
            quiet=quiet,
        )
    if counts["failed"]:
        raise typer.Exit(1)


def import_code(path: Path | None) -> None:
    """Import a Python file with custom components.

    path (Path | None): The file; None imports nothing.
    RAISES (ValueError): If the file does not exist.
    """
    from spacy.util import import_file

    if path is None:
        return
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    import_file("python_code", path)
