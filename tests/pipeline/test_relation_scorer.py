"""Relations are scored as triples."""

from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_gliner_biomed.pipeline.relation_annotation import (
    Relation,
    add_relations_extension,
    set_relations,
)
from spacy_gliner_biomed.pipeline.relation_scorer import score_relations
from spacy_gliner_biomed.pipeline.scorers import score_ner

NLP = spacy.blank("en")
TEXT = "aspirin treats a severe headache and some other pain"
ASPIRIN, HEADACHE, SEVERE, PAIN = (0, 1, "drug"), (4, 5, "disease"), (3, 5, "disease"), (8, 9, "x")
Triple = tuple[tuple[int, int, str], tuple[int, int, str], str]


def make_doc(*triples: Triple) -> Doc:
    add_relations_extension()
    doc = NLP.make_doc(TEXT)
    relations = []
    for *ends, label in triples:
        head, tail = (Span(doc, start, end, label=name) for start, end, name in ends)
        relations.append(Relation(head, tail, label))
    doc._.relations = relations
    return doc


def score(found: list[Triple], gold: list[Triple]) -> dict[str, Any]:
    return score_relations([Example(make_doc(*found), make_doc(*gold))])


TREATS: Triple = (ASPIRIN, HEADACHE, "treats")


@pytest.mark.parametrize(
    ("found", "strict", "relaxed"),
    [
        ([TREATS], 1.0, 1.0),
        ([(ASPIRIN, SEVERE, "treats")], 0.0, 1.0),
        ([((0, 1, "other"), HEADACHE, "treats")], 0.0, 1.0),
        ([(HEADACHE, ASPIRIN, "treats")], 0.0, 0.0),
        ([(ASPIRIN, HEADACHE, "causes")], 0.0, 0.0),
        ([(ASPIRIN, PAIN, "treats")], 0.0, 0.0),
        ([TREATS, (ASPIRIN, SEVERE, "treats")], 2 / 3, 2 / 3),
        ([], 0.0, 0.0),
    ],
)
def test_strict_and_relaxed_matches(found: list[Triple], strict: float, relaxed: float) -> None:
    scores = score(found, [TREATS])
    assert scores["relations_f"] == pytest.approx(strict)
    assert scores["relations_relaxed_f"] == pytest.approx(relaxed)


def test_each_relation_has_its_scores() -> None:
    scores = score([TREATS, (ASPIRIN, PAIN, "causes")], [TREATS])
    assert scores["relations_per_type"]["treats"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert scores["relations_per_type"]["causes"]["p"] == 0
    assert (scores["relations_p"], scores["relations_r"]) == (0.5, 1.0)


def test_docs_whose_relations_nobody_annotated_are_not_scored() -> None:
    found, unknown = make_doc(TREATS), NLP.make_doc(TEXT)
    assert score_relations([Example(found, unknown)]) == {}
    none = NLP.make_doc(TEXT)
    set_relations(none, [])
    examples = [Example(found, unknown), Example(make_doc(TREATS), none)]
    assert score_relations(examples)["relations_p"] == 0
    both = score_ner(examples, spans_key="sc")
    assert both["relations_p"] == 0
    with pytest.warns(UserWarning, match="GB-W414"):
        assert "relations_p" not in score_ner(examples[:1], spans_key="sc")
