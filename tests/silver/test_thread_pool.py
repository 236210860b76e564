import time
from collections.abc import Iterator, Sequence
from threading import Event, Lock

import pytest

from spacy_gliner_biomed.silver.failures import MALFORMED, TIMEOUT, Failure
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.silver.text_pieces import CharSpan
from spacy_gliner_biomed.silver.thread_pool import LOOKAHEAD, TextJob, annotate_all


def annotate(text: str, candidates: Sequence[CharSpan]) -> Annotation:
    """Take longer for the earlier ones; fail as the text says."""
    time.sleep(0.02 if text.endswith("0") else 0)
    if text in (TIMEOUT, MALFORMED):
        raise Failure(text, "on purpose")
    if text == "wrong key":
        raise ValueError("[GB-E120] a wrong key")
    return Annotation({(0, 1, text): None})


def jobs(texts: Sequence[str]) -> list[TextJob]:
    return [TextJob(text, i) for i, text in enumerate(texts)]


def test_outcomes_are_in_order_and_failures_are_among_them() -> None:
    texts = [MALFORMED if i % 7 == 3 else f"text {i}" for i in range(50)]
    stopped = Event()
    outcomes = list(annotate_all(jobs(texts), annotate, workers=4, stopped=stopped))
    assert [job.source for job, _ in outcomes] == list(range(50))
    for job, result in outcomes:
        if job.text == MALFORMED:
            assert isinstance(result, Failure)
        else:
            assert isinstance(result, Annotation)
            assert list(result.entities) == [(0, 1, job.text)]
    assert stopped.is_set()


def test_texts_are_read_as_they_are_needed_and_workers_are_as_many_as_said() -> None:
    n_read, n_running, max_running, lock = 0, 0, 0, Lock()

    def read() -> Iterator[TextJob]:
        nonlocal n_read
        for i in range(1000):
            n_read += 1
            yield TextJob(f"text {i}")

    def slow(text: str, candidates: Sequence[CharSpan]) -> Annotation:
        nonlocal n_running, max_running
        with lock:
            n_running += 1
            max_running = max(max_running, n_running)
        time.sleep(0.01)
        with lock:
            n_running -= 1
        return Annotation()

    outcomes = annotate_all(read(), slow, workers=3, stopped=Event())
    for _ in range(10):
        next(outcomes)
    assert n_read <= 10 + 3 * LOOKAHEAD
    assert max_running == 3
    outcomes.close()
    assert n_read <= 10 + 3 * LOOKAHEAD


def test_a_server_that_fails_again_and_again_ends_the_run() -> None:
    with pytest.raises(ValueError, match=r"GB-E121\] 5 documents.*on purpose"):
        list(
            annotate_all(
                jobs(["x", *[TIMEOUT] * 9]), annotate, workers=2, stopped=Event(), patience=5
            )
        )


@pytest.mark.parametrize("texts", [[TIMEOUT, TIMEOUT, "x"] * 9, [MALFORMED] * 30])
def test_single_faults_and_those_of_texts_do_not(texts: list[str]) -> None:
    run = annotate_all(jobs(texts), annotate, workers=2, stopped=Event(), patience=3)
    assert len(list(run)) == len(texts)


def test_what_would_fail_for_all_texts_ends_the_run() -> None:
    with pytest.raises(ValueError, match="GB-E120"):
        list(annotate_all(jobs(["x", "wrong key", "x"]), annotate, workers=2, stopped=Event()))
