from typing import Any

import pytest
from spacy.pipeline.span_ruler import prioritize_new_ents_filter
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.pipeline.annotation import annotate, best_score_filter
from spacy_gliner_biomed.pipeline.span_scores import score_of
from spacy_gliner_biomed.types import ScoredSpan

# Characters of the Doc's words "ab-cd ef gh (ij)".
AB, CD, ABCD, EF, GH, IJ = (0, 2), (3, 5), (0, 5), (6, 8), (9, 11), (13, 15)
EF_GH = (6, 11)


def span(characters: tuple[int, int], label: str, score: float) -> ScoredSpan:
    return ScoredSpan(*characters, label, score)


def group(doc: Doc, key: str = "sc") -> list[tuple[str, str, float]]:
    spans = doc.spans[key]
    scores = spans.attrs["scores"]
    return [(s.text, s.label_, p) for s, p in zip(spans, scores, strict=True)]


def ents(doc: Doc) -> list[tuple[str, str]]:
    return [(entity.text, entity.label_) for entity in doc.ents]


def write(doc: Doc, found: list[ScoredSpan], settings: Any) -> dict[str, int]:
    return annotate(doc, found, settings, best_score_filter)


def test_scores_are_parallel_to_spans_and_plain_floats(doc, make_settings):
    write(doc, [span(EF, "A", 0.6), span(IJ, "B", 0.9)], make_settings())
    assert group(doc) == [("ef", "A", 0.6), ("ij", "B", 0.9)]
    assert [type(score) for score in doc.spans["sc"].attrs["scores"]] == [float, float]
    assert ents(doc) == [("ef", "A"), ("ij", "B")]


def test_nothing_found_gives_an_empty_group_and_no_entities(doc, make_settings):
    counts = write(doc, [], make_settings(spans_key="other"))
    assert group(doc, "other") == []
    assert doc.has_annotation("ENT_IOB")
    assert doc.ents == ()
    assert set(counts.values()) == {0}


def test_ents_can_be_left_alone(doc, make_settings):
    write(doc, [span(EF, "A", 0.6)], make_settings(annotate_ents=False))
    assert group(doc) == [("ef", "A", 0.6)]
    assert not doc.has_annotation("ENT_IOB")


def test_of_nested_spans_the_better_one_is_the_entity(doc, make_settings):
    found = [span(EF_GH, "A", 0.6), span(EF, "B", 0.7), span(GH, "B", 0.65)]
    write(doc, found, make_settings(overlap="nested"))
    assert group(doc) == [("ef", "B", 0.7), ("ef gh", "A", 0.6), ("gh", "B", 0.65)]
    assert ents(doc) == [("ef", "B"), ("gh", "B")]


def test_of_several_labels_the_best_is_the_entity(doc, make_settings):
    found = [span(EF, "A", 0.6), span(EF, "B", 0.8)]
    counts = write(doc, found, make_settings(multi_label=True))
    assert group(doc) == [("ef", "B", 0.8), ("ef", "A", 0.6)]
    assert ents(doc) == [("ef", "B")]
    assert counts["merged"] == counts["not_in_ents"] == 0


def test_earlier_entities_are_kept_and_what_they_block_is_counted(doc, make_settings):
    doc.set_ents([Span(doc, 1, 3, label="OLD", kb_id="Q1", span_id="I1")])
    counts = write(doc, [span(EF, "A", 0.9), span(IJ, "B", 0.6)], make_settings())
    assert ents(doc) == [("ef gh", "OLD"), ("ij", "B")]
    assert (doc.ents[0].kb_id_, doc.ents[0].id_) == ("Q1", "I1")
    assert counts["not_in_ents"] == 1
    assert len(doc.spans["sc"]) == 2


def test_an_entity_that_was_there_already_is_not_counted_as_blocked(doc, make_settings):
    doc.set_ents([Span(doc, 1, 2, label="A")])
    counts = write(doc, [span(EF, "A", 0.9)], make_settings())
    assert ents(doc) == [("ef", "A")]
    assert counts["not_in_ents"] == 0


def test_overwrite_replaces_entities_and_the_group_but_no_other_group(doc, make_settings):
    doc.set_ents([Span(doc, 1, 3, label="OLD")])
    for key in ("sc", "mine"):
        doc.spans[key] = [Span(doc, 0, 1, label="OLD")]
    counts = write(doc, [span(EF, "A", 0.9)], make_settings(overwrite=True))
    assert ents(doc) == [("ef", "A")]
    assert group(doc) == [("ef", "A", 0.9)]
    assert [s.text for s in doc.spans["mine"]] == ["ab-cd"]
    assert counts["not_in_ents"] == 0


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_entity_has_no_id_of_an_earlier_one(doc, make_settings, overwrite):
    kept = [] if overwrite else [("gh", "OLD", "T2")]
    doc.set_ents([Span(doc, 2, 3, label="OLD", span_id="T2")])
    for i in (0, 1):
        doc[i].ent_id_ = "T1"  # as spaCy leaves it where an entity was
    write(doc, [span(EF, "A", 0.9)], make_settings(overwrite=overwrite))
    assert [(e.text, e.label_, e.id_) for e in doc.ents] == [("ef", "A", ""), *kept]
    assert [token.ent_id_ for token in doc] == ["", "", "" if overwrite else "T2", "", "", ""]


@pytest.mark.parametrize("scores", [0.5, "high", ["high", None], {"ef": 0.5}, [True, False]])
def test_scores_of_another_form_are_none(doc, make_settings, scores):
    old = [Span(doc, 1, 2, label="A"), Span(doc, 2, 3, label="A")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"scores": scores}, spans=old)
    assert [score_of(entity) for entity in doc.spans["sc"]] == [None, None]
    write(doc, [span(EF, "A", 0.6)], make_settings())
    assert group(doc) == [("ef", "A", 0.6), ("gh", "A", 1.0)]


def test_earlier_spans_of_the_group_stay_with_score_one_and_attributes(doc, make_settings):
    old = [Span(doc, 1, 2, label="OLD"), Span(doc, 4, 5, label="A")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"labels": ["OLD"]}, spans=old)
    write(doc, [span(ABCD, "A", 0.6), span(IJ, "A", 0.7)], make_settings())
    assert group(doc) == [("ab-cd", "A", 0.6), ("ef", "OLD", 1.0), ("ij", "A", 0.7)]
    assert doc.spans["sc"].attrs["labels"] == ["OLD"]


def test_earlier_scores_of_the_group_stay(doc, make_settings):
    write(doc, [span(EF, "A", 0.6)], make_settings())
    write(doc, [span(ABCD, "B", 0.7)], make_settings())
    assert group(doc) == [("ab-cd", "B", 0.7), ("ef", "A", 0.6)]


def test_an_earlier_span_that_is_found_again_stays_as_it_was(doc, make_settings):
    linked = Span(doc, 1, 2, label="A", kb_id="D1", span_id="T1")
    by_hand = Span(doc, 4, 5, label="A", kb_id="D2")
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"scores": [0.9]}, spans=[linked, by_hand])
    write(doc, [span(EF, "A", 0.6), span(IJ, "A", 0.7)], make_settings())
    assert group(doc) == [("ef", "A", 0.9), ("ij", "A", 0.7)]
    assert [(s.kb_id_, s.id_) for s in doc.spans["sc"]] == [("D1", "T1"), ("D2", "")]


def test_lists_with_an_item_for_each_span_follow_the_spans(doc, make_settings):
    old = [Span(doc, 4, 5, label="A"), Span(doc, 1, 2, label="A")]
    attrs = {"kb_ents": [[("D2", 0.5)], [("D1", 0.9)]], "written_labels": ["x"], "own": [1, 2]}
    attrs["entity_values"] = [{"note": 2}, {"note": 1}]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=attrs, spans=old)
    write(doc, [span(ABCD, "B", 0.7)], make_settings())
    assert group(doc) == [("ab-cd", "B", 0.7), ("ef", "A", 1.0), ("ij", "A", 1.0)]
    attrs = doc.spans["sc"].attrs
    assert attrs["kb_ents"] == [[], [("D1", 0.9)], [("D2", 0.5)]]
    assert attrs["written_labels"] == [None, None, "x"]
    assert attrs["entity_values"] == [{}, {"note": 1}, {"note": 2}]
    assert attrs["own"] == [1, 2]


def test_another_filter_decides_about_entities(doc, make_settings):
    doc.set_ents([Span(doc, 1, 3, label="OLD")])
    annotate(doc, [span(EF, "A", 0.9)], make_settings(), prioritize_new_ents_filter)
    assert ents(doc) == [("ef", "A")]


def test_best_score_filter_keeps_earlier_entities_then_the_first_that_fit(doc):
    old = [Span(doc, 1, 2, label="OLD")]
    new = [Span(doc, 2, 5, label="A"), Span(doc, 0, 2, label="B"), Span(doc, 4, 6, label="C")]
    assert [(s.start, s.end) for s in best_score_filter(old, new)] == [(1, 2), (2, 5)]


@pytest.mark.parametrize(
    ("alignment", "expected", "counted"),
    [
        ("expand", [("ab-cd", "A", 0.6), ("ij", "B", 0.9)], {"moved": 1}),
        ("contract", [("ij", "B", 0.9)], {"left_out": 1}),
        ("strict", [("ij", "B", 0.9)], {"left_out": 1}),
        ("split", [("cd", "A", 0.6), ("ij", "B", 0.9)], {}),
    ],
)
def test_alignment_decides_about_a_span_inside_a_token(
    doc, make_settings, alignment, expected, counted
):
    counts = write(
        doc, [span(CD, "A", 0.6), span(IJ, "B", 0.9)], make_settings(alignment=alignment)
    )
    assert group(doc) == expected
    assert {name: n for name, n in counts.items() if n} == counted


def test_contract_takes_the_tokens_that_are_whole_in_the_span(doc, make_settings):
    counts = write(doc, [span((3, 11), "A", 0.6)], make_settings(alignment="contract"))
    assert group(doc) == [("ef gh", "A", 0.6)]
    assert counts["moved"] == 1


@pytest.mark.parametrize("overlap", ["flat", "nested"])
def test_spans_that_fall_together_when_moved_become_one(doc, make_settings, overlap):
    found = [span(AB, "A", 0.6), span(CD, "A", 0.8)]
    counts = write(doc, found, make_settings(overlap=overlap))
    assert group(doc) == [("ab-cd", "A", 0.8)]
    assert (counts["moved"], counts["merged"]) == (2, 1)


def test_the_same_span_with_two_labels_after_moving_follows_multi_label(doc, make_settings):
    found = [span(AB, "A", 0.6), span(CD, "B", 0.8)]
    assert write(doc, found, make_settings())["merged"] == 1
    assert group(doc) == [("ab-cd", "B", 0.8)]
    counts = write(doc, found, make_settings(multi_label=True, overwrite=True))
    assert group(doc) == [("ab-cd", "B", 0.8), ("ab-cd", "A", 0.6)]
    assert counts["merged"] == 0


def test_spans_that_clash_when_moved_lose_the_worse_one(doc, make_settings):
    found = [span(AB, "A", 0.9), span((3, 8), "A", 0.8)]
    counts = write(doc, found, make_settings())
    assert group(doc) == [("ab-cd", "A", 0.9)]
    assert counts["merged"] == 1


def test_containment_is_no_clash_for_nested_spans_when_moved(doc, make_settings):
    found = [span(AB, "A", 0.9), span((3, 8), "A", 0.8)]
    counts = write(doc, found, make_settings(overlap="nested"))
    assert group(doc) == [("ab-cd", "A", 0.9), ("ab-cd ef", "A", 0.8)]
    assert counts["merged"] == 0


def test_equal_scores_go_to_the_earlier_label_of_the_settings(doc, make_settings):
    found = [span(AB, "C", 0.7), span(CD, "B", 0.7)]
    write(doc, found, make_settings())
    assert group(doc) == [("ab-cd", "B", 0.7)]
