"""What a network is asked, and what it answers for each row."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.prediction import Predictor
from spacy_gliner_biomed.types import Row, SpanLogits

TEXTS = ["BRCA1 mutations cause cancer in cells .", "cisplatin", "no drug for the old disease"]
LABELS = [["disease", "gene"], ["drug"], ["cell", "disease", "gene"]]


def ask(nlp: Language, texts: Sequence[str], labels: Sequence[str]) -> list[Row]:
    """The rows of texts."""
    component = nlp.get_pipe("gliner_biomed")
    component.labels = labels
    predictor = Predictor(component.model, component.settings())
    jobs = predictor._rows([predictor._prepare(nlp.make_doc(text)) for text in texts])
    return [row for *_, row in jobs]


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
@pytest.mark.parametrize("different", [False, True])
def test_only_spans_above_a_minimum_are_selected(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest, kind: str, different: bool
) -> None:
    nlp = make_nlp(request.getfixturevalue(kind))
    rows = ask(nlp, TEXTS, LABELS[0])
    if different:
        pairs = zip(TEXTS, LABELS, strict=True)
        rows = [row for text, labels in pairs for row in ask(nlp, [text], labels)]
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    every = shim.logits(rows)
    middle = float(np.median([logits[0, 0, 0] for logits in every]))
    below = middle - 1e-3 * np.arange(1, 4)  # other for each row
    sizes = [len(row.prompts) for row in rows]
    min_logits = [np.full(size, x, dtype=np.float32) for size, x in zip(sizes, below, strict=True)]
    answers = shim.span_logits(rows, min_logits)
    n_found = 0
    for logits, found, each in zip(every, answers, min_logits, strict=True):
        assert isinstance(found, SpanLogits)
        starts, widths = np.nonzero((logits > each).any(axis=-1))
        assert found.starts.tolist() == starts.tolist()
        assert found.ends.tolist() == (starts + widths + 1).tolist()
        np.testing.assert_allclose(found.logits, logits[starts, widths], atol=1e-6)
        n_found += len(starts)
    assert 0 < n_found < sum(np.isfinite(logits[..., 0]).sum() for logits in every)


def test_rows_that_share_their_minima_are_selected_as_with_copies(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest
) -> None:
    nlp = make_nlp(request.getfixturevalue("uni_span"))
    rows = ask(nlp, TEXTS, LABELS[0])
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    shared = np.zeros(2, dtype=np.float32)
    one = shim.span_logits(rows, [shared] * len(rows))
    copies = shim.span_logits(rows, [shared.copy() for _ in rows])
    for found, same in zip(one, copies, strict=True):
        assert np.array_equal(found.starts, same.starts)
        assert np.array_equal(found.logits, same.logits)


def test_a_token_network_answers_with_start_end_and_inside(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest
) -> None:
    nlp = make_nlp(request.getfixturevalue("uni_token"))
    rows = ask(nlp, TEXTS, LABELS[0])
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    shapes = [logits.shape for logits in shim.logits(rows)]
    assert shapes == [(len(row.word_positions), 2, 3) for row in rows]


def test_the_network_is_in_evaluation_mode_after_a_step_that_fails(
    make_nlp: Callable[..., Language], uni_span: Path
) -> None:
    nlp = make_nlp(uni_span)
    (row,) = ask(nlp, TEXTS[:1], LABELS[0])
    runner = network_shim(nlp.get_pipe("gliner_biomed").model).runner
    broken = replace(row, input_ids=row.input_ids + 10**6)
    with pytest.raises(IndexError):
        runner.begin_update([broken], 0.1)
    assert not runner.checkpoint.network.training
