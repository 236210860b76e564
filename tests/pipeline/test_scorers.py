import random
from typing import Any

import pytest
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_gliner_biomed.pipeline.scorers import count_overlap, score_ner, score_spans

VOCAB = Vocab()
Offsets = list[tuple[int, int, str]]


def make_doc(spans: Offsets | None, ents: Offsets | None = None) -> Doc:
    """Twelve one-letter tokens; spans are in tokens; None is no annotation."""
    doc = Doc(VOCAB, words=list("abcdefghijkl"))
    if spans is not None:
        doc.spans["sc"] = [Span(doc, *borders, label=label) for *borders, label in spans]
    if ents is not None:
        doc.set_ents([Span(doc, *borders, label=label) for *borders, label in ents])
    return doc


def example(found: Offsets, gold: Offsets) -> Example:
    return Example(make_doc(found, found), make_doc(gold, gold))


def test_strict_and_overlap_scores_are_those_counted_by_hand():
    # Found: one exact, one too long, one of the wrong label, one out of nowhere. A gold one
    # is missed.
    found = [(0, 2, "A"), (3, 6, "A"), (7, 8, "B"), (11, 12, "A")]
    gold = [(0, 2, "A"), (3, 5, "A"), (7, 8, "A"), (9, 10, "B")]
    scores = score_ner([example(found, gold)])
    for name in ("spans_sc", "ents"):
        assert scores[f"{name}_p"] == scores[f"{name}_r"] == scores[f"{name}_f"] == 1 / 4
        assert scores[f"{name}_per_type"]["A"] == pytest.approx(
            {"p": 1 / 3, "r": 1 / 3, "f": 1 / 3}
        )
        assert scores[f"{name}_per_type"]["B"] == {"p": 0, "r": 0, "f": 0}
        overlap = f"{name}_overlap"
        assert scores[f"{overlap}_p"] == scores[f"{overlap}_r"] == scores[f"{overlap}_f"] == 2 / 4
        assert scores[f"{overlap}_per_type"]["A"] == pytest.approx(
            {"p": 2 / 3, "r": 2 / 3, "f": 2 / 3}
        )
        assert scores[f"{overlap}_per_type"]["B"] == {"p": 0, "r": 0, "f": 0}


def test_scores_are_over_all_docs():
    scores = score_ner([example([(0, 1, "A")], [(0, 1, "A")]), example([], [(0, 1, "A")])])
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (1.0, 0.5)
    assert (scores["spans_sc_overlap_p"], scores["spans_sc_overlap_r"]) == (1.0, 0.5)


def test_a_gold_span_is_taken_once():
    scores = score_ner([example([(0, 2, "A"), (2, 4, "A")], [(0, 4, "A")])])
    assert (scores["spans_sc_overlap_p"], scores["spans_sc_overlap_r"]) == (0.5, 1.0)


def test_neighbours_do_not_overlap():
    assert score_ner([example([(0, 2, "A")], [(2, 4, "A")])])["spans_sc_overlap_f"] == 0.0


def test_nested_gold_spans_are_scored():
    nested = [(0, 4, "A"), (0, 2, "A"), (0, 2, "B")]
    scores = score_ner([Example(make_doc(nested), make_doc(nested))])
    assert scores["spans_sc_f"] == scores["spans_sc_overlap_f"] == 1.0


def test_gold_without_the_group_is_scored_by_its_entities():
    found = make_doc([(0, 2, "A"), (4, 5, "A")], [(0, 2, "A")])
    scores = score_ner([Example(found, make_doc(None, [(0, 2, "A")]))])
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (0.5, 1.0)
    assert (scores["ents_p"], scores["ents_r"]) == (1.0, 1.0)


def test_gold_with_an_empty_group_counts_what_is_found_as_wrong():
    scores = score_ner([Example(make_doc([(0, 2, "A")], []), make_doc([], []))])
    assert scores["spans_sc_p"] == scores["spans_sc_overlap_p"] == 0.0


def test_gold_with_a_group_only_says_nothing_about_entities():
    gold = make_doc([(0, 2, "A")])
    scores = score_ner([Example(make_doc([(0, 2, "A")], [(0, 2, "A")]), gold)])
    assert scores["spans_sc_f"] == 1.0
    assert scores["ents_f"] is scores["ents_overlap_f"] is scores["ents_per_type"] is None


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ([], "GB-W413.*no document was read"),
        ([Example(make_doc([(0, 2, "A")], []), make_doc(None))], "GB-W414.*1 document has .*'sc'"),
    ],
)
def test_docs_without_annotation_are_not_scored_which_is_said(examples, said):
    with pytest.warns(UserWarning, match=said):
        scores = score_ner(examples)
    assert set(scores.values()) == {None}
    assert {"spans_sc_f", "spans_sc_overlap_f", "ents_f", "ents_overlap_f"} <= set(scores)


def test_another_group_has_names_of_its_own():
    docs = [make_doc(None), make_doc(None)]
    for doc in docs:
        doc.spans["mine"] = [Span(doc, 0, 2, label="A")]
    scores = score_ner([Example(*docs)], spans_key="mine")
    assert scores["spans_mine_f"] == scores["spans_mine_overlap_f"] == 1.0


def test_strict_scores_are_spacys_where_tokens_are_the_same():
    generator = random.Random(1)
    examples = [
        Example(make_doc(draw(generator)), make_doc(draw(generator) or [(0, 1, "A")]))
        for _ in range(100)
    ]
    expected = Scorer.score_spans(
        examples, "spans_sc", getter=lambda doc, _: doc.spans["sc"], allow_overlap=True
    )
    found = score_ner(examples)
    for key in ("spans_sc_p", "spans_sc_r", "spans_sc_f"):
        assert found[key] == pytest.approx(expected[key])
    for label in "AB":
        per_type = (scores["spans_sc_per_type"][label] for scores in (found, expected))
        assert next(per_type) == pytest.approx(next(per_type))


def test_part_of_a_gold_token_is_not_the_gold_span():
    gold = Doc(VOCAB, words=["cocaine-induced", "seizures"])
    gold.spans["sc"] = [Span(gold, 0, 2, label="A")]
    found = Doc(VOCAB, words=["cocaine-", "induced", "seizures"], spaces=[False, True, False])
    found.spans["sc"] = [Span(found, 1, 3, label="A")]
    assert score_ner([Example(found, gold)])["spans_sc_f"] == 0.0
    assert score_ner([Example(found, gold)])["spans_sc_overlap_f"] == 1.0


def test_texts_may_differ_in_white_space():
    gold = Doc(VOCAB, words=["a", " ", "b"], spaces=[True, True, False])
    gold.spans["sc"] = [Span(gold, 2, 3, label="A")]
    found = Doc(VOCAB, words=["a", "b"])
    found.spans["sc"] = [Span(found, 1, 2, label="A")]
    assert score_ner([Example(found, gold)])["spans_sc_f"] == 1.0


def test_labels_that_the_gold_does_not_annotate_are_neither_right_nor_wrong():
    gold, found = make_doc([(0, 2, "A")]), make_doc([(0, 2, "A"), (4, 5, "B"), (6, 7, "A")])
    gold.spans["sc"].attrs["annotated_labels"] = ["A"]
    scores = score_ner([Example(found, gold)])
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (0.5, 1.0)
    assert set(scores["spans_sc_per_type"]) == {"A"}


def test_what_is_found_in_missing_tokens_is_neither_right_nor_wrong():
    gold = make_doc(None)
    gold.set_ents([Span(gold, 0, 2, label="A")], missing=[gold[4:8]])
    spans = [(0, 2, "A"), (5, 6, "A"), (7, 9, "B"), (9, 10, "B")]
    scores = score_ner([Example(make_doc(spans, spans), gold)])
    for name in ("spans_sc", "ents", "spans_sc_overlap", "ents_overlap"):
        assert (scores[f"{name}_p"], scores[f"{name}_r"]) == (0.5, 1.0)
    expected = Scorer().score([Example(make_doc(spans, spans), gold)])  # as spaCy counts
    assert scores["ents_p"] == expected["ents_p"]


def test_missing_tokens_are_found_in_a_text_with_other_white_space():
    gold = Doc(VOCAB, words=["a", "\n\n", "bc", "d"], spaces=[True, False, True, False])
    gold.set_ents([], missing=[gold[2:3]])
    found = Doc(VOCAB, words=["a", "b", "c", "d"], spaces=[True, False, True, False])
    found.spans["sc"] = [Span(found, i, i + 1, label="A") for i in (1, 2, 3)]
    scores = score_spans_of(found, gold)
    assert (scores["spans_sc_p"], scores["spans_sc_per_type"]["A"]["p"]) == (0.0, 0.0)
    gold.set_ents([Span(gold, 3, 4, label="A")], missing=[gold[2:3]])
    assert score_spans_of(found, gold)["spans_sc_p"] == 1.0


def score_spans_of(found: Doc, gold: Doc) -> dict[str, Any]:
    example = Example(Doc(VOCAB, words=["a"]), gold)
    example.predicted = found
    return score_ner([example])


def test_a_span_group_has_no_missing_tokens():
    gold = make_doc([(0, 2, "A")])
    scores = score_ner([Example(make_doc([(0, 2, "A"), (5, 6, "A")]), gold)])
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (0.5, 1.0)


def test_overlap_is_the_metric_of_gliner_biomed():
    generator = random.Random(0)
    docs = [(draw(generator), draw(generator)) for _ in range(200)]
    examples = [Example(make_doc(found), make_doc(gold)) for found, gold in docs]
    scores = score_spans(examples, "x", lambda doc: list(doc.spans["sc"]), count_overlap)
    tp, fp, fn = count_as_gliner_biomed(docs)
    assert scores["x_p"] == pytest.approx(tp / (tp + fp))
    assert scores["x_r"] == pytest.approx(tp / (tp + fn))
    assert scores["x_f"] == pytest.approx(2 * tp / (2 * tp + fp + fn))


def draw(generator: random.Random) -> Offsets:
    spans = []
    for _ in range(generator.randrange(6)):
        start = generator.randrange(11)
        spans.append((start, generator.randrange(start + 1, 13), generator.choice("AB")))
    return spans


def count_as_gliner_biomed(docs: list[tuple[Offsets, Offsets]]) -> tuple[int, int, int]:
    """Its rule in other words: in order of prediction, take the first free gold span of the
    label that shares a position (ends are inclusive there).
    """
    tp = fp = fn = 0
    for found, gold in docs:
        free = [(start, end - 1, label) for start, end, label in gold]
        for start, end, label in found:
            hits = [g for g in free if g[2] == label and start <= g[1] and g[0] <= end - 1]
            if hits:
                free.remove(hits[0])
                tp += 1
            else:
                fp += 1
        fn += len(free)
    return tp, fp, fn


def test_gold_labels_that_the_component_does_not_have_are_said():
    gold = [(0, 2, "PROTEIN"), (3, 4, "drug"), (5, 6, "PROTEIN")]
    examples = [example([], gold)]
    found = r"2 gold entities count as missed.*'PROTEIN' \(2\)\..*Did you mean 'P' for 'PROTEIN'\?"
    with pytest.warns(UserWarning, match=f"GB-W412.*{found}"):
        scores = score_ner(examples, labels=["drug", {"label": "P", "prompt": "protein"}])
    assert scores["spans_sc_r"] == 0.0
    score_ner(examples, labels=["drug", "PROTEIN", "disease"])  # warnings are errors here
    score_ner(examples)
