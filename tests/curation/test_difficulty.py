"""Difficulty and coverage by a GLiNER network, against the definition computed by hand."""

from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_gliner_biomed.curation.coverage import (
    facility_location,
    make_coverage_scorer,
    text_vectors,
)
from spacy_gliner_biomed.curation.difficulty import LOST, NO_HELP, make_component
from spacy_gliner_biomed.curation.difficulty import make_model_difficulty as make
from spacy_gliner_biomed.training.corpora import AnnotatedText

TEXTS = [
    AnnotatedText("the aspirin of cancer", [(4, 11, "drug"), (15, 21, "disease")], [], None),
    AnnotatedText("a gene was cancer", [(11, 17, "disease")], [], None),
    AnnotatedText("aspirin-induced", [(0, 4, "drug")], [], None),
]


def surprise(checkpoint: Path, text: AnnotatedText, prompts: dict[str, str]) -> float:
    """Mean of -log p of the gold spans, as the component itself reports p."""
    nlp = spacy.blank("en")
    labels = [{"label": label, "prompt": prompt} for label, prompt in prompts.items()]
    config = {"labels": labels, "model": {"checkpoint": str(checkpoint)}, "multi_label": True}
    nlp.add_pipe("gliner_biomed", config={**config, "threshold": 0.0, "overlap": "nested"})
    (prediction,) = nlp.get_pipe("gliner_biomed").predict([nlp.make_doc(text.text)])
    scores = {(s.start, s.end, s.label): s.score for s in prediction.spans}
    gold = [scores.get((a, b, label if label in prompts else "any")) for a, b, label in text.spans]
    assert None not in gold
    return float(np.mean([-np.log(p) for p in gold]))


def test_difficulty_is_the_ratio_of_both_perplexities(uni_span: Path) -> None:
    text = TEXTS[1]  # with one entity, so that the overlap rule hides none
    (score,) = make(str(uni_span))([text])
    informed = surprise(uni_span, text, {"disease": "disease"})
    blank = surprise(uni_span, text, {"any": "entity"})
    assert score.value == pytest.approx(np.exp(informed - blank), rel=1e-4)
    assert score.reason == (NO_HELP if score.value >= 1 else "")


def test_scores_come_in_order_and_what_is_lost_is_said(uni_span: Path) -> None:
    together = list(make(str(uni_span))(TEXTS))
    alone = [next(iter(make(str(uni_span))([text]))) for text in TEXTS]
    assert [s.value for s in together] == pytest.approx([s.value for s in alone], rel=1e-4)
    assert together[2].reason == LOST


def test_easy_documents_can_be_preferred(uni_span: Path) -> None:
    difficult = list(make(str(uni_span))(TEXTS))
    easy = list(make(str(uni_span), prefer="easy")(TEXTS))
    assert [s.reason for s in easy] == [s.reason for s in difficult]
    assert [s.value for s in easy[:2]] == [-s.value for s in difficult[:2]]
    with pytest.raises(ValueError, match=r"GB-E030\].*prefer.*'difficult', 'easy'.*'clean'"):
        make(prefer="clean")


def test_coverage_takes_one_of_each_cluster_first() -> None:
    clusters = np.eye(3, 8, dtype=np.float32).repeat([5, 3, 1], axis=0)
    order = facility_location(clusters, sample=9, seed=0)
    assert sorted(order) == list(range(9))
    assert order[0] < 5
    assert {0 if i < 5 else 1 if i < 8 else 2 for i in order[:3]} == {0, 1, 2}


def test_texts_that_repeat_another_come_last(uni_span: Path) -> None:
    texts = [TEXTS[0], TEXTS[0], TEXTS[1], TEXTS[0]]
    scores = [score.value for score in make_coverage_scorer(str(uni_span))(texts)]
    first = {max(range(4), key=lambda i: scores[i]), sorted(range(4), key=lambda i: -scores[i])[1]}
    assert 2 in first
    assert sorted(scores) == pytest.approx([0.0, 1 / 3, 2 / 3, 1.0])
    assert list(make_coverage_scorer(str(uni_span))([])) == []


def test_blocks_bound_what_competes(uni_span: Path) -> None:
    scorer = make_coverage_scorer(str(uni_span), block=3)
    scores = [score.value for score in scorer([TEXTS[0], TEXTS[1], TEXTS[0], TEXTS[1], TEXTS[1]])]
    assert sorted(scores[:3]) == pytest.approx([0.0, 0.5, 1.0])
    assert sorted(scores[3:]) == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize("wrong", [{"block": 0}, {"sample": 0}])
def test_blocks_and_samples_have_to_hold_something(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        make_coverage_scorer(**wrong)


def test_vectors_are_of_unit_length_and_of_the_text_alone(uni_span: Path) -> None:
    component = make_component(str(uni_span), "float32")
    long = AnnotatedText("the aspirin of cancer " * 40, [], [], None)  # several windows
    vectors = text_vectors(component, [TEXTS[0], long, AnnotatedText("", [], [], None)])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0, 0.0], abs=1e-5)
    alone = text_vectors(component, [TEXTS[0]])
    np.testing.assert_allclose(vectors[0], alone[0], atol=1e-5)
