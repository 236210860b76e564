"""One pipeline in many threads, as in a web service."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.models import label_vectors
from spacy_gliner_biomed.tokenization import word_ids

N_THREADS = 8
N_DIFFERENT = 100  # calls; then they come again
LABELS = ["disease", "drug", "gene", "cell", "species"]


def call(nlp: Language, number: int) -> Doc:
    """A call whose text and labels depend on its number."""
    first = number % len(LABELS)
    options = {"labels": [*LABELS[first:], *LABELS[:first]][: 1 + number % 4], "threshold": 0.2}
    text = f"the aspirin number {number % 50} of cancer was a gene of the cell"
    return nlp(text, component_cfg={"gliner_biomed": options})


def found(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.spans["sc"]]


def run(nlp: Language, n_threads: int, n_calls: int) -> tuple[list[Any], list[float], Counter[str]]:
    """Spans, scores, and what was counted."""
    component = nlp.get_pipe("gliner_biomed")
    component.stats.clear()
    with ThreadPoolExecutor(n_threads) as pool:
        docs = list(pool.map(lambda number: call(nlp, number), range(n_calls)))
    scores = [score for doc in docs for score in doc.spans["sc"].attrs["scores"]]
    return [found(doc) for doc in docs], scores, Counter(component.stats)


@pytest.mark.parametrize(("kind", "n_calls"), [("bi_span", 1600), ("uni_span", 400)])
def test_8_threads_find_and_count_what_one_does(
    make_nlp: Callable[..., Language],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    n_calls: int,
) -> None:
    monkeypatch.setattr(label_vectors, "MAX_CACHED", 2)
    monkeypatch.setattr(word_ids, "MAX_WORDS", 12)
    nlp = make_nlp(request.getfixturevalue(kind))
    spans, scores, counts = run(nlp, N_THREADS, n_calls)  # first: what is cached is new
    expected_spans, expected_scores, expected_counts = run(nlp, 1, N_DIFFERENT)
    times = n_calls // N_DIFFERENT
    assert spans == times * expected_spans
    assert scores == pytest.approx(times * expected_scores, abs=1e-5)
    assert counts == {name: times * n for name, n in expected_counts.items()}
    assert counts["docs"] == n_calls
    assert counts["entities"] > 300
