"""Annotates files by a language model: from the inputs to output, failures and report."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import spacy
from tqdm import tqdm

from spacy_gliner_biomed.cli.silver_files import (
    FailuresFile,
    SilverFile,
    check_ending,
    open_failures,
    open_silver,
)
from spacy_gliner_biomed.common.json_files import write_report
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.documents.inputs import find_inputs, read_inputs
from spacy_gliner_biomed.documents.outputs import Output, check_outputs
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import Failure
from spacy_gliner_biomed.silver.quotes import CharSpan
from spacy_gliner_biomed.silver.reply_cache import ReplyCache
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_report import Prices, make_report, summarize
from spacy_gliner_biomed.silver.text_annotator import LanguageModel, TextAnnotator
from spacy_gliner_biomed.silver.thread_pool import Outcome, TextJob, annotate_all

Finder = Callable[[str], Sequence[CharSpan]]


@dataclass(frozen=True)
class Places:
    """The files of a run; those that are not said lie beside the output."""

    output: Path
    cache: Path
    failures: Path
    report: Path

    @classmethod
    def beside(
        cls, output: Path, cache: Path | None, failures: Path | None, report: Path | None
    ) -> "Places":
        """Find a place for each file.

        RAISES (ValueError): If documents cannot be written in the form of the output's ending.
        """
        check_ending(output)

        def ending(text: str) -> Path:
            return output.with_name(output.name + text)

        return cls(
            output,
            cache or ending(".cache"),
            failures or ending(".failures.jsonl"),
            report or ending(".report.json"),
        )


def annotate_files(
    inputs: Sequence[Path],
    places: Places,
    make_model: Callable[[], LanguageModel],
    settings: dict[str, Any],
    *,
    stopped: Event,
    find: Finder = lambda text: (),
    workers: int = 4,
    patience: int = 20,
    prices: Prices = Prices(),  # noqa: B008  it is frozen
    spans_key: str = "sc",
    lang: str = "en",
    quiet: bool = True,
) -> dict[str, Any]:
    """Annotate files.

    inputs (Sequence[Path]): See `inputs.find_inputs`.
    make_model (Callable): Called when all else is checked.
    settings (dict[str, Any]): Further arguments of `TextAnnotator`.
    stopped (Event): That the model waits on.
    find (Finder): Finds candidates in a text.
    RETURNS (dict[str, Any]): See `silver.run_report.make_report`.
    RAISES (ValueError): If files cannot be used, or no document could be annotated; the output
        is then left as it was.
    """
    started, counts, types = perf_counter(), settings["counts"], settings["prompt"].types
    sources = find_inputs(inputs)
    outputs = [Output(str(path), "") for path in (places.output, places.failures)]
    check_outputs(outputs, inputs, sources)
    nlp = spacy.blank(lang)
    nlp.max_length = sys.maxsize
    model = make_model()
    options = {"spans_key": spans_key, "annotated": types or None, "corpus": "silver"}
    with (
        closing(ReplyCache(places.cache)) as cache,
        open_failures(places.failures) as failed,
        open_silver(places.output, nlp, options) as file,
    ):
        annotator = TextAnnotator(model, cache, **settings)
        jobs = _jobs(read_inputs(sources, nlp.vocab), find, counts)
        outcomes = annotate_all(
            jobs, annotator.annotate, workers=workers, stopped=stopped, patience=patience
        )
        with closing(outcomes):
            for outcome in _progress(outcomes, counts, quiet=quiet):
                _take(outcome, file, failed, counts)
        if not counts["documents:read"]:
            raise ValueError(Errors.E055.format(inputs=", ".join(map(str, inputs))))
    said = {"model": model.name, "types": list(types), "output": str(places.output)}
    report = make_report(counts, prices, said, perf_counter() - started)
    write_report(places.report, report)
    if not file.n_written:
        n_failed, kinds = failed.n_written, ", ".join(counts.group("failed"))
        raise ValueError(
            Errors.E150.format(n=n_failed, kinds=kinds, path=places.output, failed=places.failures)
        )
    if not quiet:
        echo(f"{summarize(report)}\nwrote {places.output}, {places.report}")
    return report


def _jobs(
    documents: Iterable[tuple[Any, Any]], find: Finder, counts: RunCounts
) -> Iterator[TextJob]:
    for document, record in documents:
        counts.add("documents:read")
        text = document if isinstance(document, str) else document.text
        yield TextJob(text, (document, record), find(text))


def _take(outcome: Outcome, file: SilverFile, failed: FailuresFile, counts: RunCounts) -> None:
    """Write what became of a document, and count it."""
    job, result = outcome
    document, record = job.source
    if isinstance(result, Failure):
        counts.add(f"failed:{result.kind}")
        failed.write(document, record, result)
        return
    counts.add("documents:written")
    counts.add("documents:without text", not job.text.strip())
    if not isinstance(document, str) and document.spans.get(file.options["spans_key"]):
        counts.add("documents:with other spans before")
    counts.update(result.counts)
    counts.add("entities:written", len(result.entities))
    for _, _, label in result.entities:
        counts.add(f"labels:{label}")
    file.write(document, record, result)


def _progress(outcomes: Iterable[Outcome], counts: RunCounts, *, quiet: bool) -> Iterator[Outcome]:
    hidden = True if quiet else None  # None: if it is no terminal
    with tqdm(outcomes, unit=" docs", disable=hidden, mininterval=0.5) as bar:
        for outcome in bar:
            failed = sum(counts.group("failed").values())
            tokens = counts["tokens:new, prompt"] + counts["tokens:new, completion"]
            bar.set_postfix(failed=failed, new_tokens=tokens, refresh=False)
            yield outcome
