"""Annotates a stream of texts in several threads, in order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import OF_SERVER, Failure
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.silver.text_pieces import CharSpan

LOOKAHEAD = 4  # texts read ahead per worker, so that one slow answer does not stop the others


@dataclass(frozen=True)
class TextJob:
    """A text to annotate.

    text (str): The text.
    source (Any): What the caller knows the text by.
    candidates (Sequence[CharSpan]): See `TextAnnotator.annotate`.
    """

    text: str
    source: Any = None
    candidates: Sequence[CharSpan] = ()


# A text with its annotation, or with the reason why it has none.
Outcome = tuple[TextJob, Annotation | Failure]


def annotate_all(
    jobs: Iterable[TextJob],
    annotate: Callable[[str, Sequence[CharSpan]], Annotation],
    *,
    workers: int,
    stopped: Event,
    patience: int = 20,
) -> Generator[Outcome, None, None]:
    """Annotate texts in several threads.

    jobs (Iterable[TextJob]): The texts, read as workers become free.
    annotate (Callable): See `TextAnnotator.annotate`.
    workers (int): Number of threads.
    stopped (Event): Set when the run ends, for whatever reason.
    patience (int): Number of texts in a row that may fail because of the server.
    YIELDS (Outcome): One for each job, in their order.
    RAISES (ValueError): If no text can be annotated, or `patience` texts in a row failed.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="silver")
    waiting: deque[tuple[TextJob, Future[Annotation]]] = deque()
    n_failed = 0
    try:
        for job in jobs:
            waiting.append((job, pool.submit(annotate, job.text, job.candidates)))
            if len(waiting) >= workers * LOOKAHEAD:
                outcome = _wait(*waiting.popleft())
                n_failed = _failures_in_a_row(n_failed, outcome, patience)
                yield outcome
        while waiting:
            outcome = _wait(*waiting.popleft())
            n_failed = _failures_in_a_row(n_failed, outcome, patience)
            yield outcome
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _wait(job: TextJob, future: "Future[Annotation]") -> Outcome:
    try:
        return job, future.result()
    except Failure as failure:
        return job, failure


def _failures_in_a_row(n_failed: int, outcome: Outcome, patience: int) -> int:
    """Return the number of failures in a row after one more outcome.

    RAISES (ValueError): If there are too many.
    """
    result = outcome[1]
    if not isinstance(result, Failure) or result.kind not in OF_SERVER:
        return 0
    if n_failed + 1 >= patience:
        raise ValueError(Errors.E121.format(n=n_failed + 1, last=result))
    return n_failed + 1
