"""Run an engine over a corpus: check the output, annotate, write the manifest and a summary."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.retrying import retry_on_oserror
from spacy_gliner_biomed.distributed.events import Delayed, Event, Finished, Lost
from spacy_gliner_biomed.distributed.manifest import begin_run, make_manifest
from spacy_gliner_biomed.distributed.partitioning import PartitionedCorpus
from spacy_gliner_biomed.distributed.progress import RunProgress, n_failed, summarize
from spacy_gliner_biomed.distributed.records import LINE, Partition, RecordRange
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from spacy_gliner_biomed.errors import Errors


class Engine(Protocol):
    """Annotates partitions and writes their results; see `local_engine.LocalEngine`."""

    def run(self, partitions: Iterable[Partition]) -> Iterator[Event]:
        """Process partitions and report what happens."""


def run_corpus(
    corpus: PartitionedCorpus,
    spec: RunSpec,
    engine: Engine,
    *,
    resume: bool = False,
    quiet: bool = True,
) -> dict[str, Any]:
    """Annotate a corpus.

    corpus (PartitionedCorpus): The input.
    spec (RunSpec): The pipeline, its settings and the output.
    engine (Engine): The engine that runs the workers.
    resume (bool): Whether to continue an earlier run.
    quiet (bool): Whether to hide the progress line.
    RETURNS (dict[str, Any]): The manifest, with `counts`, `failed` and `summary`, a text.
    RAISES (ValueError): If the output is not empty, or belongs to another run than the one to
        resume.
    """
    storage = spec.storage
    _check_output(corpus.path, storage.folder)
    with storage.output.locked():
        manifest = begin_run(storage, make_manifest(corpus, spec.config, storage), resume=resume)
        before, started = storage.total(), perf_counter()
        finished: set[str] = set()
        progress = RunProgress(storage.output, corpus.size.n_bytes, quiet=quiet, before=before)
        progress.log("started", resumed=bool(before), **manifest["runs"][-1])
        try:
            for event in engine.run(Remaining(corpus, storage.finished())):
                _report(event, progress)
                if isinstance(event, Finished):
                    finished.add(event.name)
        finally:
            progress.close()
        clean = partial(storage.remove_unused, finished)
        retry_on_oserror(clean, spec.patience, lambda error: _report(Delayed(error), progress))
        counts, seconds = storage.total(finished), perf_counter() - started
        new = counts["documents"] - before["documents"]
        manifest["runs"][-1] |= {"seconds": round(seconds, 3), "documents": new}
        manifest |= {"counts": dict(counts), "failed": n_failed(counts), "finished": True}
        not_read = str(corpus.size.not_read)
        manifest["summary"] = summarize(counts, seconds, new, storage.folder, not_read)
        write = partial(storage.write_manifest, manifest)
        retry_on_oserror(write, spec.patience, lambda error: _report(Delayed(error), progress))
        progress.log("ended", seconds=round(seconds, 3), counts=dict(counts))
        progress.write_log()
    return manifest


class Remaining:
    """The partitions, and pieces of partitions, that have no results yet; can be pickled.

    corpus (PartitionedCorpus): The corpus, not read yet.
    finished (Mapping[int, list[RecordRange] | None]): See `Storage.finished`.
    """

    def __init__(
        self, corpus: PartitionedCorpus, finished: Mapping[int, list[RecordRange] | None]
    ) -> None:
        self.corpus = corpus
        self.finished = finished

    def __iter__(self) -> Iterator[Partition]:
        skipped = 0
        for partition in self.corpus.partitions():
            done = self.finished.get(partition.number, [])
            left = [partition] if done == [] else list(partition.without(done)) if done else []
            skipped += partition.n_bytes - sum(piece.n_bytes for piece in left)
            for piece in left:
                yield replace(piece, skipped=skipped)
                skipped = 0


def _report(event: Event, progress: RunProgress) -> None:
    match event:
        case Finished(name, n_bytes, skipped, counts, warnings):
            progress.skipped(skipped)
            progress.finished(name, n_bytes, counts)
            for warning in warnings:
                progress.log("warning", partition=name, message=shorten(warning, LINE))
        case Lost(name, reason):
            progress.log("worker died", partition=name, how=reason)
            then = f"retrying {name}" if name else "it had no partition"
            progress.echo(f"a worker process died ({reason}); {then}")
        case Delayed(error):
            progress.log("not written", error=error)
            progress.echo(f"results cannot be written, retrying: {error}")


def _check_output(source: Path | str | None, output: Path | str) -> None:
    if isinstance(output, Path) and output.exists() and not output.is_dir():
        raise ValueError(Errors.E056.format(path=output, reason="it is a file, not a folder"))
    if isinstance(source, Path) and isinstance(output, Path):
        inside = output.resolve().is_relative_to(source.resolve())
    else:
        inside = source is not None and f"{output}/".startswith(f"{source}/")
    if inside:
        reason = "it is among the inputs, or would be the next time. Choose another place"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
