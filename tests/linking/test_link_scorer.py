from typing import Any

import pytest
import spacy
from spacy.pipeline.entity_linker import entity_linker_score
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_gliner_biomed.linking.entities import split_ids
from spacy_gliner_biomed.linking.link_scorer import score_links

NLP = spacy.blank("en")
WORDS = ["renal", "failure", "and", "asthma", "."]
Marked = tuple[int, int, str, str]


def doc(spans: list[Marked], candidates: list[list[str]] | None = None) -> Doc:
    made = Doc(NLP.vocab, words=WORDS, spaces=[True, True, True, False, False])
    group = [Span(made, a, b, label=label, kb_id=kb_id) for a, b, label, kb_id in spans]
    ids = candidates or [[span.kb_id_] if span.kb_id_ else [] for span in group]
    attrs = {"kb_ents": [[(i, 1.0) for i in found] for found in ids]}
    made.spans["sc"] = SpanGroup(made, name="sc", attrs=attrs, spans=group)
    return made


def score(gold: list[Marked], found: list[Marked], **more: Any) -> dict[str, Any]:
    return score_links([Example(doc(found, **more), doc(gold))], spans_key="sc")


@pytest.mark.parametrize(
    ("kb_id", "ids"),
    [
        ("MESH:D1|MESH:D2", ["MESH:D1", "MESH:D2"]),
        ("NCBIGene:1,NCBIGene:2;NCBIGene:3", ["NCBIGene:1", "NCBIGene:2", "NCBIGene:3"]),
        ("", []),
        ("-1", []),
        ("MESH:-1", []),
        ("MESH:-", []),
        ("NIL", []),
        ("CUI-less", []),
        ("MESH:-1|MESH:D1", ["MESH:D1"]),
        ("NCBIGene:11", ["NCBIGene:11"]),
    ],
)
def test_gold_ids(kb_id: str, ids: list[str]) -> None:
    assert split_ids(kb_id) == ids


def test_any_gold_id_is_right() -> None:
    scores = score([(0, 2, "d", "A|B")], [(0, 2, "d", "B")])
    assert scores["link_f"] == scores["link_acc1"] == 1


@pytest.mark.parametrize(
    "found", [(0, 1, "d", "A"), (0, 2, "x", "A"), (0, 2, "d", "B"), (0, 2, "d", "")]
)
def test_characters_label_and_id_have_to_be_right(found: Marked) -> None:
    scores = score([(0, 2, "d", "A"), (3, 4, "d", "C")], [found, (3, 4, "d", "C")])
    assert scores["link_r"] == 0.5
    assert scores["link_p"] == (1.0 if not found[3] else 0.5)
    assert scores["link_per_type"]["d"]["r"] == 0.5


def test_gold_without_an_id_is_not_counted_but_a_link_of_it_is_wrong() -> None:
    assert score([(0, 2, "d", "MESH:-1")], [])["link_f"] is None
    scores = score([(0, 2, "d", "-1"), (3, 4, "d", "C")], [(0, 2, "d", "A"), (3, 4, "d", "C")])
    assert (scores["link_p"], scores["link_r"], scores["link_acc1"]) == (0.5, 1.0, 1.0)


def test_near_scores_allow_for_one_character() -> None:
    scores = score([(3, 4, "d", "A")], [(3, 5, "d", "A")])
    assert (scores["link_f"], scores["link_near_f"]) == (0, 1)
    assert score([(0, 2, "d", "A")], [(0, 1, "d", "A")])["link_near_f"] == 0


def test_a_gold_entity_is_found_once() -> None:
    scores = score([(3, 4, "d", "A")], [(3, 4, "d", "A"), (3, 5, "d", "A")])
    assert (scores["link_near_p"], scores["link_near_r"]) == (0.5, 1)


def test_accuracy_at_five_looks_at_candidates() -> None:
    gold, found = [(0, 2, "d", "F"), (3, 4, "d", "G")], [(0, 2, "d", "A"), (3, 4, "d", "A")]
    candidates = [["A", "B", "C", "D", "F"], ["A", "B", "C", "D", "E", "G"]]
    scores = score(gold, found, candidates=candidates)
    assert (scores["link_acc1"], scores["link_acc5"]) == (0, 0.5)


def test_an_appended_span_leaves_the_candidates_of_the_others() -> None:
    gold, found = [(0, 2, "d", "A"), (3, 4, "d", "B")], [(0, 2, "d", "B"), (3, 4, "d", "B")]
    scores = score(gold, found, candidates=[["B", "A"]])  # the second span has none
    assert (scores["link_acc1"], scores["link_acc5"]) == (0.5, 1)


def test_accuracy_is_of_the_gold_entities_that_were_found() -> None:
    assert score([(0, 2, "d", "A"), (3, 4, "d", "A")], [(0, 2, "d", "A")])["link_acc1"] == 1
    assert score([(0, 2, "d", "A")], [])["link_acc1"] is None


def test_entities_are_scored_without_a_span_group() -> None:
    docs = [Doc(NLP.vocab, words=WORDS) for _ in range(2)]
    for one in docs:
        one.set_ents([Span(one, 0, 2, label="d", kb_id="A")])
    assert score_links([Example(*docs)])["link_f"] == 1


def test_spacys_own_scores_of_links_are_beside_ours() -> None:
    gold, found = doc([]), doc([])
    gold.set_ents([Span(gold, 0, 2, "d", kb_id="A"), Span(gold, 3, 4, "d", kb_id="B")])
    found.set_ents([Span(found, 0, 2, "d", kb_id="A"), Span(found, 3, 4, "d")])
    examples = [Example(found, gold)]
    scores = score_links(examples, spans_key=None)
    theirs = entity_linker_score(examples)
    assert {key for key in scores if key.startswith("nel_")} == {*theirs} - {"nel_score_desc"}
    assert scores["nel_micro_p"] == 1.0
    assert scores["nel_micro_r"] == scores["nel_macro_r"] == 0.5
    assert scores["nel_f_per_type"]["d"]["r"] == 0.5


def test_spacys_scores_are_none_without_links() -> None:
    made = doc([])
    made.set_ents([Span(made, 0, 2, "d")])
    scores = score_links([Example(made.copy(), made)])
    assert scores["nel_micro_f"] is scores["nel_f_per_type"] is scores["nel_score"] is None
