"""`python -m spacy gliner annotate`: entities of files, as JSON lines, DocBin, HTML or table."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported

Option = typer.Option


@gliner_cli.command("annotate", no_args_is_help=True)
def annotate_cli(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Files .txt (a document each), .jsonl, .spacy, or folders of these."),
    ],
    labels: Annotated[
        str | None,
        Option("--labels", "-l", help="Words separated by commas, or a JSON list with prompts."),
    ] = None,
    output: Annotated[
        list[str] | None,
        Option("--output", "-o", help="File, or - for standard output; several are allowed."),
    ] = None,
    format_: Annotated[
        str | None,
        Option("--format", "-f", help="jsonl, docbin, html or table, where no ending says it."),
    ] = None,
    checkpoint: Annotated[
        str | None, Option(help="A folder or a Hugging Face name; default: the packaged model.")
    ] = None,
    revision: Annotated[str | None, Option(help="Commit, branch or tag on the hub.")] = None,
    pipeline: Annotated[
        str | None, Option("--pipeline", "-p", help="A saved spaCy pipeline, instead.")
    ] = None,
    lang: Annotated[str, Option(help="Language of the tokenizer without --pipeline.")] = "en",
    threshold: Annotated[float | None, Option(help="Least probability, 0 to 1.")] = None,
    overlap: Annotated[str | None, Option(help="flat or nested.")] = None,
    multi_label: Annotated[
        bool | None, Option("--multi-label/--one-label", help="Several labels on one span.")
    ] = None,
    alignment: Annotated[
        str | None,
        Option(help="expand, contract, split or strict; split keeps exact characters."),
    ] = None,
    overwrite: Annotated[
        bool | None, Option("--overwrite/--keep", help="Replace the entities of .spacy inputs.")
    ] = None,
    device: Annotated[str | None, Option(help="cpu, cuda, cuda:1, mps.")] = None,
    precision: Annotated[str | None, Option(help="auto, float32, bfloat16 or float16.")] = None,
    batch_size: Annotated[int, Option(min=1, help="Documents worked on together.")] = 64,
    n_process: Annotated[int, Option(min=1, help="Worker processes.")] = 1,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:
    """Find entities of any labels in files.

    Without --output a table goes to standard output. The output's ending says its format:
    .jsonl (id, text, entities, and all other keys of the input's line), .spacy (a DocBin whose
    doc.spans keep the scores), .html (one displaCy page). An existing file is replaced when all
    documents are done. Without --pipeline, spans keep their exact characters (--alignment split).

    A document, line or file that cannot be read or annotated is named on standard error, and the
    others are done; the exit status is then 1. If none can be annotated, no output is written.
    Files of other kinds in a folder are counted in a warning; names that begin with a dot are
    passed over.
    """
    from spacy_gliner_biomed.documents.file_annotation import annotate_files
    from spacy_gliner_biomed.documents.inputs import find_inputs
    from spacy_gliner_biomed.documents.outputs import check_outputs, plan_outputs
    from spacy_gliner_biomed.documents.pipelines import configure, get_pipeline, parse_labels

    with reported():
        files = find_inputs(inputs)
        outputs = plan_outputs(output or [], format_)
        check_outputs(outputs, inputs, files)
        nlp = get_pipeline(pipeline, lang=lang, checkpoint=checkpoint, revision=revision)
        options = {
            "labels": parse_labels(labels),
            "threshold": threshold,
            "overlap": overlap,
            "multi_label": multi_label,
            "alignment": alignment,
            "overwrite": overwrite,
            "device": device,
            "precision": precision,
        }
        configure(nlp, options, n_process=n_process)
        counts = annotate_files(
            nlp, files, outputs, batch_size=batch_size, n_process=n_process, quiet=quiet
        )
    if counts["failed"]:
        raise typer.Exit(1)
