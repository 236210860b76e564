"""`python -m spacy gliner annotate`: entities of files, as JSON lines, DocBin, HTML or table."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported, say
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_gliner_biomed.cli.outputs import Output

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
    from spacy_gliner_biomed.cli.inputs import find_inputs
    from spacy_gliner_biomed.cli.outputs import check_outputs, plan_outputs
    from spacy_gliner_biomed.cli.pipelines import configure, get_pipeline, parse_labels

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
        counts = annotate(
            nlp, files, outputs, batch_size=batch_size, n_process=n_process, quiet=quiet
        )
    if counts["failed"]:
        raise typer.Exit(1)


def annotate(
    nlp: "Language",
    files: Sequence[Path],
    outputs: Sequence["Output"],
    *,
    batch_size: int = 64,
    n_process: int = 1,
    quiet: bool = True,
) -> Counter[str]:
    """Annotate files.

    nlp (Language): A pipeline with one component `gliner_biomed`, configured.
    files (Sequence[Path]): See `inputs.find_inputs`.
    outputs (Sequence[Output]): See `outputs.plan_outputs`.
    batch_size (int): Documents that are worked on together.
    n_process (int): Worker processes.
    quiet (bool): No progress bar and no summary.
    RETURNS (Counter[str]): `documents`, `entities`, `failed` (documents that could not be
        annotated, and files and lines that could not be read; each is reported when it is met),
        and under `label:...` the entities of each label.
    RAISES (ValueError): If there is no document, or none could be annotated; outputs are then
        left as they were.
    """
    from tqdm import tqdm

    from spacy_gliner_biomed.cli.inputs import read_inputs
    from spacy_gliner_biomed.cli.outputs import found_in, open_writer
    from spacy_gliner_biomed.cli.pipelines import find_component, stream_docs
    from spacy_gliner_biomed.cli.summary import summarize

    started, counts = perf_counter(), Counter[str]()
    component = find_component(nlp)
    hidden = True if quiet or _on_terminal(outputs) else None  # None: if it is no terminal
    jobs = read_inputs(files, nlp.vocab, partial(_report_unreadable, counts))
    with ExitStack() as stack:
        writers = [stack.enter_context(open_writer(o, component.labels)) for o in outputs]
        docs = stream_docs(nlp, jobs, counts, batch_size=batch_size, n_process=n_process)
        for doc, record in tqdm(docs, unit=" docs", disable=hidden):
            found = found_in(doc, component.cfg["spans_key"])
            counts.update(["documents", *(f"label:{span.label}" for span in found)])
            counts["entities"] += len(found)
            for writer in writers:
                writer.write(doc, record, found)
        counts["failed"] = counts["read"] - counts["documents"] + counts["unreadable"]
        if not counts["documents"]:  # an error, so that no output is replaced by an empty one
            raise ValueError(_nothing_done(files, counts["failed"]))
    if not quiet:
        say(summarize(counts, component, outputs, perf_counter() - started, n_process))
    return counts


def _report_unreadable(counts: "Counter[str]", error: Exception) -> None:
    """Say what cannot be read, a file or a part of one; the run goes on."""
    counts["unreadable"] += 1
    say(str(error), color=typer.colors.RED)


def _nothing_done(files: Sequence[Path], n_failed: int) -> str:
    if n_failed:
        return Errors.E163.format(n=n_failed)
    return Errors.E055.format(inputs=list_names(map(str, files)) if files else "folders")


def _on_terminal(outputs: Sequence["Output"]) -> bool:
    """Whether results appear where the progress bar would."""
    from spacy_gliner_biomed.cli.outputs import STDOUT

    return sys.stdout.isatty() and any(output.path == STDOUT for output in outputs)
