"""`python -m spacy gliner annotate`: find entities in files."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported

Option = typer.Option


@gliner_cli.command("annotate", no_args_is_help=True)
def annotate_cli(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Files .txt (one document each), .jsonl, .spacy, or folders."),
    ],
    labels: Annotated[
        str | None,
        Option("--labels", "-l", help="Labels separated by commas, or a JSON list with prompts."),
    ] = None,
    output: Annotated[
        list[str] | None,
        Option("--output", "-o", help="Output file, or - for standard output; can be repeated."),
    ] = None,
    format_: Annotated[
        str | None,
        Option("--format", "-f", help="jsonl, docbin, html or table, if the ending does not tell."),
    ] = None,
    checkpoint: Annotated[
        str | None, Option(help="Folder or Hugging Face name; default: the packaged model.")
    ] = None,
    revision: Annotated[str | None, Option(help="Commit, branch or tag of the repository.")] = None,
    pipeline: Annotated[
        str | None,
        Option("--pipeline", "-p", help="A saved spaCy pipeline, instead of --checkpoint."),
    ] = None,
    lang: Annotated[str, Option(help="Language of the tokenizer without --pipeline.")] = "en",
    threshold: Annotated[float | None, Option(help="Minimum score, 0 to 1.")] = None,
    overlap: Annotated[str | None, Option(help="flat or nested.")] = None,
    multi_label: Annotated[
        bool | None, Option("--multi-label/--one-label", help="Allow several labels on one span.")
    ] = None,
    alignment: Annotated[
        str | None,
        Option(help="expand, contract, split (exact offsets) or strict."),
    ] = None,
    overwrite: Annotated[
        bool | None,
        Option("--overwrite/--keep", help="Replace entities of .spacy inputs."),
    ] = None,
    device: Annotated[str | None, Option(help="cpu, cuda, cuda:1, mps.")] = None,
    precision: Annotated[str | None, Option(help="auto, float32, bfloat16 or float16.")] = None,
    batch_size: Annotated[int, Option(min=1, help="Documents per batch.")] = 64,
    n_process: Annotated[int, Option(min=1, help="Number of worker processes.")] = 1,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Hide progress and summary.")] = False,
) -> None:
    """Find entities of any type in files.

    Without --output, a table goes to standard output. The ending of an output sets its format:
    .jsonl (id, text, entities and all other keys of the input line), .spacy (a DocBin with scores
    in doc.spans) or .html (one displaCy page). An existing file is replaced when all documents are
    done. Without --pipeline, spans keep their exact offsets (--alignment split).

    Documents, lines and files that cannot be read or annotated are reported on standard error; the
    others are annotated, and the exit status is 1. If no document can be annotated, no output is
    written. A warning counts the files of other formats in a folder. Hidden files, whose names
    begin with a dot, are skipped.
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
