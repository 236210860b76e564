"""Annotates a stream of texts with several requests in flight, in order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import OF_SERVER, Failure
from spacy_gliner_biomed.silver.quotes import CharSpan
from spacy_gliner_biomed.silver.text_annotator import Annotation

AHEAD = 4  # texts that are read for each worker, so that a slow answer does not stop the others


@dataclass(frozen=True)
class TextJob:
    """A text to annotate.

    text (str): The text.
    source (Any): What the caller knows it by.
    candidates (Sequence[CharSpan]): See `TextAnnotator.annotate`.
    """

    text: str
    source: Any = None
    candidates: Sequence[CharSpan] = ()


# What became of a text.
Outcome = tuple[TextJob, Annotation | Failure]


def annotate_all(
    jobs: Iterable[TextJob],
    annotate: Callable[[str, Sequence[CharSpan]], Annotation],
    *,
    workers: int,
    stopped: Event,
    patience: int = 20,
) -> Generator[Outcome, None, None]:
    """Annotate texts.

    jobs (Iterable[TextJob]): Read as workers come free.
    annotate (Callable): See `TextAnnotator.annotate`.
    workers (int): Texts at a time.
    stopped (Event): Set when the run ends, however it ends.
    patience (int): Texts that may fail one after the other for reasons of the server.
    YIELDS (Outcome): One for each job, in their order.
    RAISES (ValueError): If no text can be annotated, or so many failed.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="silver")
    waiting: deque[tuple[TextJob, Future[Annotation]]] = deque()
    n_failed = 0
    try:
        for job in jobs:
            waiting.append((job, pool.submit(annotate, job.text, job.candidates)))
            if len(waiting) >= workers * AHEAD:
                outcome = _wait(*waiting.popleft())
                n_failed = _count_failures(n_failed, outcome, patience)
                yield outcome
        while waiting:
            outcome = _wait(*waiting.popleft())
            n_failed = _count_failures(n_failed, outcome, patience)
            yield outcome
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _wait(job: TextJob, future: "Future[Annotation]") -> Outcome:
    try:
        return job, future.result()
    except Failure as failure:
        return job, failure


def _count_failures(n_failed: int, outcome: Outcome, patience: int) -> int:
    """How many failed in a row.

    RAISES (ValueError): If there were too many.
    """
    result = outcome[1]
    if not isinstance(result, Failure) or result.kind not in OF_SERVER:
        return 0
    if n_failed + 1 >= patience:
        raise ValueError(Errors.E121.format(n=n_failed + 1, last=result))
    return n_failed + 1
