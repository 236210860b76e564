"""Annotate files with a pipeline and write the results to several outputs at once."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter

import typer
from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_gliner_biomed.common.reporting import describe, list_names, shorten, warn
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record, read_inputs
from spacy_gliner_biomed.documents.outputs import STDOUT, Output, open_writer
from spacy_gliner_biomed.documents.pipelines import find_component, stream_docs
from spacy_gliner_biomed.documents.summary import describe_failures, summarize
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import NO_ENTITY, count_relations
from spacy_gliner_biomed.documents.writing.run_settings import WritingOptions, prepare_writing
from spacy_gliner_biomed.documents.writing.writer import Writer
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions

RED = typer.colors.RED


def annotate_files(
    nlp: Language,
    files: Sequence[Path],
    outputs: Sequence[Output],
    *,
    reading: ReadOptions = DEFAULTS,
    writing: WritingOptions | None = None,
    batch_size: int = 64,
    n_process: int = 1,
    quiet: bool = True,
) -> Counter[str]:
    """Annotate files and write all outputs.

    nlp (Language): A configured pipeline with exactly one `gliner_biomed` component.
    files (Sequence[Path]): The input files, see `inputs.find_inputs`.
    outputs (Sequence[Output]): The outputs, see `outputs.plan_outputs`.
    reading (ReadOptions): How to read the files.
    writing (WritingOptions | None): What outputs contain besides the entities.
    batch_size (int): Documents per batch.
    n_process (int): Number of worker processes.
    quiet (bool): Whether to hide the progress bar and the summary.
    RETURNS (Counter[str]): `documents`, `entities`, `relations`, `failed`, and `label:NAME` and
        `relation:NAME` with those of each label. `failed` counts the documents that could not be
        annotated or that an output lacks, and the files and lines that could not be read; each
        one is reported as soon as it occurs.
    RAISES (ValueError): If there is no document, none could be annotated, or an attribute is not
            known. Existing output files are then unchanged.
    """
    started, counts = perf_counter(), Counter[str]()
    component = find_component(nlp)
    reads_context = any(FORMATS[output.format].reads_context for output in outputs)
    options = writing or WritingOptions()
    read_entities, settings = prepare_writing(nlp, options, reads_context=reads_context)
    hidden = True if quiet or _on_terminal(outputs) else None  # None: if it is no terminal
    jobs = read_inputs(files, nlp.vocab, partial(_report_unreadable, counts), reading)
    with ExitStack() as stack:
        writers = {o.path: stack.enter_context(open_writer(o, settings)) for o in outputs}
        docs = stream_docs(nlp, jobs, counts, batch_size=batch_size, n_process=n_process)
        for doc, record in tqdm(docs, unit=" docs", disable=hidden):
            try:
                found = read_entities(doc)
                related = count_relations(doc, found)
            except Exception as error:
                echo(Errors.E396.format(name=record.id, error=_reason(error)), color=RED)
                continue
            if _write(writers, doc, record, found):
                counts.update(["documents", *(f"label:{span.label}" for span in found)])
                counts["entities"] += len(found)
                counts.update(related)
        counts["failed"] = counts["read"] - counts["documents"] + counts["unreadable"]
        if not counts["documents"]:  # an error, so that no output is replaced by an empty one
            raise ValueError(_nothing_done(files, counts))
    _report_relations(counts, outputs)
    if not quiet:
        echo(summarize(counts, component, outputs, perf_counter() - started, n_process))
    return counts


def _write(
    writers: Mapping[str, Writer], doc: Doc, record: Record, found: Sequence[Entity]
) -> bool:
    """Write a document to all outputs; report each one that cannot hold it.

    RETURNS (bool): Whether it is in all of them.
    RAISES (OSError): If an output cannot be written any further.
    """
    complete = True
    for path, writer in writers.items():
        try:
            writer.write(doc, record, found)
        except (OSError, ImportError):  # a full disk, a missing package: not the document's fault
            raise
        except Exception as error:
            complete = False
            values = {"name": record.id, "output": path, "error": _reason(error)}
            echo(Errors.E397.format(**values), color=RED)
    return complete


def _reason(error: Exception) -> str:
    """Return the message of an error; with its type, unless it was written for the user."""
    return shorten(error if isinstance(error, ValueError) else describe(error), 300).rstrip(".")


def _report_unreadable(counts: Counter[str], error: Exception) -> None:
    """Report a file, or a part of one, that cannot be read; the run goes on."""
    counts["unreadable"] += 1
    echo(str(error), color=RED)


def _report_relations(counts: Counter[str], outputs: Sequence[Output]) -> None:
    """Warn about relations that no output has."""
    if counts[NO_ENTITY]:
        warn(Warnings.W362.format(n=counts[NO_ENTITY]))
    if counts["relations"] and not any(FORMATS[o.format].has_relations for o in outputs):
        warn(Warnings.W361.format(n=counts["relations"]))


def _nothing_done(files: Sequence[Path], counts: Counter[str]) -> str:
    if counts["failed"]:
        return Errors.E163.format(failed=describe_failures(counts))
    return Errors.E055.format(inputs=list_names(map(str, files)) if files else "folders")


def _on_terminal(outputs: Sequence[Output]) -> bool:
    """Return whether results appear where the progress bar would."""
    return sys.stdout.isatty() and any(output.path == STDOUT for output in outputs)
