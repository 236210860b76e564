"""What a network is asked, and what it answers for each row."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from spacy.language import Language

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.prediction import Predictor
from spacy_gliner_biomed.types import Row, SpanLogits

TEXTS = ["BRCA1 mutations cause cancer in cells .", "cisplatin", "no drug for the old disease"]
LABELS = [["disease", "gene"], ["drug"], ["cell", "disease", "gene"]]


def ask(nlp: Language, texts: Sequence[str], labels: Sequence[str]) -> list[Row]:
    """The rows of texts, which do not say what counts."""
    component = nlp.get_pipe("gliner_biomed")
    component.labels = labels
    predictor = Predictor(component.model, component.settings())
    jobs = predictor._rows([predictor._prepare(nlp.make_doc(text)) for text in texts])
    return [replace(row, min_logits=None) for *_, row in jobs]


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
@pytest.mark.parametrize("different", [False, True])
def test_rows_that_say_what_counts_get_the_spans_that_do(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest, kind: str, different: bool
) -> None:
    nlp = make_nlp(request.getfixturevalue(kind))
    rows = ask(nlp, TEXTS, LABELS[0])
    if different:
        pairs = zip(TEXTS, LABELS, strict=True)
        rows = [row for text, labels in pairs for row in ask(nlp, [text], labels)]
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    every = shim.predict(rows)
    middle = float(np.median([logits[0, 0, 0] for logits in every]))
    below = middle - 1e-3 * np.arange(1, 4)  # other for each row
    sizes = [len(row.prompts) for row in rows]
    min_logits = [np.full(size, x, dtype=np.float32) for size, x in zip(sizes, below, strict=True)]
    asking = [replace(row, min_logits=each) for row, each in zip(rows, min_logits, strict=True)]
    n_found = 0
    for logits, found, each in zip(every, shim.predict(asking), min_logits, strict=True):
        assert isinstance(found, SpanLogits)
        starts, widths = np.nonzero((logits > each).any(axis=-1))
        assert found.starts.tolist() == starts.tolist()
        assert found.ends.tolist() == (starts + widths + 1).tolist()
        np.testing.assert_allclose(found.logits, logits[starts, widths], atol=1e-6)
        n_found += len(starts)
    assert 0 < n_found < sum(np.isfinite(logits[..., 0]).sum() for logits in every)


def test_a_token_network_answers_with_all_logits(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest
) -> None:
    nlp = make_nlp(request.getfixturevalue("uni_token"))
    rows = ask(nlp, TEXTS, LABELS[0])
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    asking = [replace(row, min_logits=np.zeros(2, np.float32)) for row in rows]
    for logits, same in zip(shim.predict(rows), shim.predict(asking), strict=True):
        assert np.array_equal(logits, same)
