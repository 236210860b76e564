"""A whole run: reads documents, annotates them with a language model, writes all files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_files import write_report
from spacy_gliner_biomed.documents.inputs import Record, find_inputs, read_inputs
from spacy_gliner_biomed.documents.outputs import Output, check_outputs
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import Failure, without_failure
from spacy_gliner_biomed.silver.language_models import make_language_model, make_prompt
from spacy_gliner_biomed.silver.noun_phrases import PhraseFinder, make_phrase_finder
from spacy_gliner_biomed.silver.quotes import check_similarity
from spacy_gliner_biomed.silver.reply_cache import ReplyCache
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_report import Prices, make_report
from spacy_gliner_biomed.silver.run_settings import SilverSettings
from spacy_gliner_biomed.silver.silver_files import (
    FailuresFile,
    RunPaths,
    SilverFile,
    open_failures,
    open_silver,
)
from spacy_gliner_biomed.silver.text_annotator import TextAnnotator
from spacy_gliner_biomed.silver.thread_pool import Outcome, TextJob, annotate_all

# Passes outcomes through while it shows the counts so far.
Progress = Callable[[Iterable[Outcome], RunCounts], Iterable[Outcome]]


def annotate_silver(
    inputs: Sequence[Path],
    paths: RunPaths,
    settings: SilverSettings,
    *,
    progress: Progress = lambda outcomes, counts: outcomes,
) -> dict[str, Any]:
    """Annotate files with a language model.

    inputs (Sequence[Path]): Files and folders, see `documents.inputs.find_inputs`.
    paths (RunPaths): The files to write, and the cache.
    settings (SilverSettings): All settings.
    progress (Progress): Shows progress.
    RETURNS (dict[str, Any]): The report, see `run_report.make_report`.
    RAISES (ValueError): If settings or files cannot be used, or no document could be annotated.
        An earlier output then remains.
    RAISES (ImportError): If a package of the extra `llm` is needed and not installed.
    """
    started, run = perf_counter(), settings.run
    counts, stopped = RunCounts(), Event()
    check_similarity(run.similarity)
    sources = find_inputs(inputs)
    outputs = [Output(str(path), "") for path in (paths.output, paths.failures)]
    check_outputs(outputs, inputs, sources)
    prompt, names = make_prompt(settings.prompt)
    find_phrases = make_phrase_finder(settings.prompt.candidates)
    nlp = spacy.blank(run.lang)
    nlp.max_length = sys.maxsize
    with (
        closing(make_language_model(settings, counts, stopped)) as model,
        closing(ReplyCache(paths.cache, lambda: counts.add("replies:damaged"))) as cache,
        open_failures(paths.failures) as failures,
        open_silver(paths.output, nlp, run.spans_key, names.allowed) as silver,
    ):
        outcomes = annotate_all(
            _make_jobs(read_inputs(sources, nlp.vocab), find_phrases, counts),
            TextAnnotator(model, cache, prompt, names, counts, run).annotate,
            workers=1 if settings.local.model else run.workers,
            stopped=stopped,
            patience=run.patience,
        )
        with closing(outcomes):
            for outcome in progress(outcomes, counts):
                _write_outcome(outcome, silver, failures, counts)
        if not counts["documents:read"]:
            raise ValueError(Errors.E055.format(inputs=", ".join(map(str, inputs))))
    used = {"model": model.name, "types": list(names.allowed), "output": str(paths.output)}
    prices = Prices(run.price_prompt, run.price_completion)
    report = make_report(counts, prices, used, perf_counter() - started)
    write_report(paths.report, report)
    if not silver.n_written:
        raise _all_failed(paths, counts)
    return report


def _make_jobs(
    documents: Iterable[tuple[str | Doc, Record]], find_phrases: PhraseFinder, counts: RunCounts
) -> Iterator[TextJob]:
    for document, record in documents:
        counts.add("documents:read")
        text = document if isinstance(document, str) else document.text
        record = replace(record, meta=without_failure(record.meta))
        yield TextJob(text, (document, record), find_phrases(text))


def _write_outcome(
    outcome: Outcome, silver: SilverFile, failures: FailuresFile, counts: RunCounts
) -> None:
    """Write a document to the output or to the failures, and count it."""
    job, result = outcome
    document, record = job.source
    if isinstance(result, Failure):
        counts.add(f"failed:{result.kind}")
        failures.write(document, record, result)
        return
    counts.add("documents:written")
    counts.add("documents:without text", not job.text.strip())
    if not isinstance(document, str) and document.spans.get(silver.spans_key):
        counts.add("documents:with other spans before")
    counts.update(result.counts)
    counts.add("entities:written", len(result.entities))
    for _, _, label in result.entities:
        counts.add(f"labels:{label}")
    silver.write(document, record, result)


def _all_failed(paths: RunPaths, counts: RunCounts) -> ValueError:
    failed = counts.group("failed")
    message = Errors.E150.format(
        n=sum(failed.values()), kinds=", ".join(failed), path=paths.output, failed=paths.failures
    )
    return ValueError(message)
