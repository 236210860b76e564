from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from spacy_gliner_biomed.models.calibration import Calibration
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.calibrating import (
    MIN_SCORE,
    Scored,
    best_threshold,
    calibrated,
    calibration_error,
    centre,
    fit,
    label_shifts,
    reliability,
    score_docs,
)
from spacy_gliner_biomed.training.gold import Gold, write_gold

TEXT = "aspirin was of the patient: the disease, the gene, the drug, 12 of 34 mg."


def drawn(scale: float, shift: float, n: int = 40_000) -> Scored:
    """Scores of a network that is wrong about its probabilities in a known way."""
    rng = np.random.default_rng(0)
    true = rng.normal(0.5, 2, n)
    right = (rng.random(n) < 1 / (1 + np.exp(-true))).astype(float)
    logits = (true - shift) / scale
    return Scored(1 / (1 + np.exp(-logits)), right, ["A"] * n, {"A": int(right.sum())})


@pytest.mark.parametrize(("scale", "shift"), [(0.5, -1.0), (1.0, 0.0), (2.0, 1.5)])
def test_fit_finds_the_scale_and_the_shift(scale: float, shift: float) -> None:
    scored = drawn(scale, shift)
    fitted = fit(scored)
    assert fitted.scale == pytest.approx(scale, abs=0.1)
    assert fitted.shift == pytest.approx(shift, abs=0.1)
    assert calibration_error(calibrated(scored, fitted)) < 0.01


def test_what_is_calibrated_has_no_error_and_overconfidence_has() -> None:
    assert calibration_error(drawn(1.0, 0.0)) < 0.01
    assert calibration_error(drawn(0.3, 0.0)) > 0.1


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30),
    st.integers(0, 10),
    st.floats(0, 1),
)
def test_f1_is_the_definition(
    found: list[tuple[float, bool]], n_missed: int, threshold: float
) -> None:
    scores = np.array([score for score, _ in found])
    right = np.array([float(hit) for _, hit in found])
    n_gold = int(right.sum()) + n_missed
    scored = Scored(scores, right, ["A"] * len(found), {"A": n_gold})
    kept = [hit for score, hit in found if score > threshold]
    expected = 2 * sum(kept) / max(len(kept) + n_gold, 1)
    assert scored.f1(np.array([threshold]))[0] == pytest.approx(expected)


def test_the_best_threshold_is_the_one_nearest_to_a_half_of_those_as_good() -> None:
    scored = Scored(np.array([0.9, 0.1]), np.array([1.0, 0.0]), ["A", "A"], {"A": 1})
    assert best_threshold(scored) == (0.5, 1.0)


def test_centre_moves_the_best_threshold_towards_a_half_and_no_further() -> None:
    found = drawn(1.0, 0.0)
    scored = Scored(found.scores, found.right, found.labels, {"A": int(found.right.sum() * 1.3)})
    half = np.array([0.5])
    best = best_threshold(scored)[1]
    assert scored.f1(half)[0] < best - 0.005
    shift = centre(scored, 0.005)
    assert calibrated(scored, shift).f1(half)[0] >= best - 0.005
    assert calibrated(scored, Calibration(shift=shift.shift - 0.05)).f1(half)[0] < best - 0.005
    assert centre(scored, 1.0) == Calibration(shift=0.0)


def test_labels_with_enough_gold_are_shifted_towards_their_best_threshold() -> None:
    scores = np.array([0.9] * 60 + [0.7] * 60 + [0.4] * 60)
    right = np.array([1.0] * 60 + [0.0] * 60 + [1.0] * 60)
    labels = ["A"] * 120 + ["B"] * 60
    scored = Scored(scores, right, labels, {"A": 60, "B": 60})
    shifts = label_shifts(scored, min_gold=60).prompt_shifts
    half = np.array([0.5])
    assert {label: shift > 0 for label, shift in shifts.items()} == {"a": False, "b": True}
    shifted = calibrated(scored, Calibration(prompt_shifts=shifts))
    assert scored.f1(half)[0] < 0.6
    assert shifted.f1(half)[0] == 1.0
    assert label_shifts(scored, min_gold=61) == Calibration()


def test_few_gold_entities_shift_a_label_little() -> None:
    found = drawn(1.0, 0.0, 4_000)
    labels = ["A"] * 3_999 + ["B"]
    scored = Scored(found.scores, found.right, labels, {"A": int(found.right.sum()), "B": 1})
    scored.scores[-1], scored.right[-1] = 0.05, 1.0
    shifts = label_shifts(scored, min_gold=1).prompt_shifts
    assert abs(shifts.get("b", 0.0) - shifts.get("a", 0.0)) < 0.5


def test_bins_hold_each_entity_once() -> None:
    scored = drawn(1.0, 0.0, n=1000)
    rows = reliability(scored)
    assert sum(row.count for row in rows) == 1000
    assert all(row.low <= row.score <= row.high for row in rows)


@pytest.fixture
def example(make_nlp: Callable[..., Language]) -> tuple[Language, Example]:
    nlp = make_nlp(labels=["drug", "disease"], threshold=0.0, overlap="nested", multi_label=True)
    doc = nlp.make_doc(TEXT)
    write_gold(doc, Gold([(0, 7, "drug"), (32, 39, "disease")], ["drug"]), "sc")
    return nlp, Example(nlp.make_doc(TEXT), doc)


def test_only_annotated_labels_count(example: tuple[Language, Example]) -> None:
    nlp, gold = example
    scored = score_docs(nlp.get_pipe("gliner_biomed"), [gold])
    assert {*scored.labels} <= {"drug"}
    assert scored.gold == {"drug": 1, "disease": 0}
    assert scored.right.sum() <= 1


@pytest.mark.parametrize(("scale", "shift"), [(0.3, -2.0), (0.8, 0.5), (3.0, 1.0)])
def test_a_calibrated_checkpoint_finds_what_the_changed_scores_say(
    make_nlp: Callable[..., Language], scale: float, shift: float
) -> None:
    nlp = make_nlp(labels=["drug", "disease"], overlap="nested", multi_label=True)
    component = nlp.get_pipe("gliner_biomed")
    (plain,) = component.predict([nlp.make_doc(TEXT)], threshold=0.0)
    shim = network_shim(component.model)
    shim.checkpoint.calibration = Calibration(scale, shift)
    (changed,) = component.predict([nlp.make_doc(TEXT)], threshold=0.0)
    logit = {(s.start, s.end, s.label): np.log(s.score / (1 - s.score)) for s in plain.spans}
    assert len(changed.spans) == len(plain.spans)
    for span in changed.spans:
        expected = 1 / (1 + np.exp(-(scale * logit[span.start, span.end, span.label] + shift)))
        assert span.score == pytest.approx(expected, abs=1e-4)
    cut = 0.6
    (above,) = component.predict([nlp.make_doc(TEXT)], threshold=cut)
    assert {s.start for s in above.spans} == {s.start for s in changed.spans if s.score > cut}


def test_threshold_null_follows_the_checkpoint(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["drug", "disease"], overlap="nested", multi_label=True)
    component = nlp.get_pipe("gliner_biomed")
    component.threshold = None
    doc = nlp.make_doc(TEXT)
    assert component.predict([doc]) == component.predict([doc], threshold=0.5)
    shim = network_shim(component.model)
    shim.checkpoint.calibration = Calibration(threshold=0.2)
    assert component.predict([doc]) == component.predict([doc], threshold=0.2)
    assert component.predict([doc]) != component.predict([doc], threshold=0.5)


def test_what_is_not_annotated_is_not_wrong(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(overlap="nested", multi_label=True)
    component = nlp.get_pipe("gliner_biomed")
    gold = nlp.make_doc(TEXT)
    gold.set_ents([Span(gold, 0, 1, label="drug")], outside=[gold[1:8]], default="missing")
    known = score_docs(component, [Example(gold, gold)])
    assert known.gold == {"drug": 1}
    assert 0 < len(known.scores) < len(component.predict([gold], threshold=MIN_SCORE)[0].spans)
    nothing = nlp.make_doc(TEXT)  # all values are missing
    both = score_docs(component, [Example(gold, gold), Example(nothing, nothing)])
    np.testing.assert_allclose(both.scores, known.scores, atol=1e-5)


def test_thresholds_of_labels_hide_no_candidate(make_nlp: Callable[..., Language]) -> None:
    drugs = [{"label": "drug", "threshold": 0.99}]
    plain, own = (make_nlp(labels=x).get_pipe("gliner_biomed") for x in (["drug"], drugs))
    gold = make_nlp().make_doc(TEXT)
    write_gold(gold, Gold([(0, 7, "drug")], None), "sc")
    found = [score_docs(component, [Example(gold, gold)]) for component in (plain, own)]
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-6)
    assert found[0].scores.min() < 0.99
