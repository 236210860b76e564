"""Selection: shares of positives and negatives, reasons, balance, and the counts of both."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.curation.random_scorer import make_random_scorer
from spacy_gliner_biomed.curation.selection import (
    BELOW,
    KEPT,
    NEGATIVE,
    Decision,
    Score,
    SelectionCounts,
    select,
)
from spacy_gliner_biomed.training.corpora import AnnotatedText


def text(*labels: str, corpus: str = "one") -> AnnotatedText:
    return AnnotatedText("abc", [(0, 1, label) for label in labels], [], None, corpus=corpus)


def by_list(*scores: float | Score):
    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        given = iter(scores)
        for _ in texts:
            value = next(given)
            yield value if isinstance(value, Score) else Score(value)

    return score


def test_the_best_half_of_the_positives_and_all_negatives_are_kept() -> None:
    texts = [text("a"), text(), text("a"), text("a"), text(), text("a")]
    decisions = select(texts, by_list(0.1, 0.9, 0.5, 0.7), ratio=0.5)
    assert [d.outcome for d in decisions] == [BELOW, KEPT, KEPT, BELOW, KEPT, KEPT]
    assert [d.score for d in decisions] == [0.1, None, 0.9, 0.5, None, 0.7]


def test_what_must_not_be_kept_is_not_even_if_too_few_are_left() -> None:
    texts = [text("a")] * 4
    scores = [Score(9.0, "easy"), 0.2, Score(8.0, "easy"), Score(7.0, "easy")]
    decisions = select(texts, by_list(*scores), ratio=0.5)
    assert [d.outcome for d in decisions] == ["easy", KEPT, "easy", "easy"]


@pytest.mark.parametrize(("share", "kept"), [(0.0, 0), (0.25, 2), (0.5, 5), (1.0, 10)])
def test_a_share_of_the_negatives_is_kept_evenly(share: float, kept: int) -> None:
    decisions = select([text()] * 10, make_random_scorer(), ratio=0.5, negatives=share)
    outcomes = [d.outcome for d in decisions]
    assert outcomes.count(KEPT) == kept
    assert set(outcomes) <= {KEPT, NEGATIVE}


def test_balance_keeps_the_share_for_a_rare_label_whose_documents_score_badly() -> None:
    texts = [text("common")] * 8 + [text("common", "rare")] * 2
    scores = by_list(*[0.9] * 8, 0.1, 0.2)
    plain = [d.outcome for d in select(texts, scores, ratio=0.5)]
    balanced = [d.outcome for d in select(texts, scores, ratio=0.5, balance=True)]
    assert KEPT not in plain[8:]
    assert balanced[8:] == [BELOW, KEPT]
    assert balanced.count(KEPT) == plain.count(KEPT) == 5


@pytest.mark.parametrize("wrong", [{"ratio": 1.5}, {"ratio": 0.5, "negatives": -0.1}])
def test_shares_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        select([text("a")], make_random_scorer(), **wrong)


def test_the_report_counts_documents_and_entities() -> None:
    texts = [text("a", "b"), text("a"), text(corpus="two")]
    decisions = select(texts, by_list(1.0, 0.0), ratio=0.5, negatives=0.0)
    counts = SelectionCounts()
    for each, decision in zip(texts, decisions, strict=True):
        counts.add(each, decision.outcome)
    assert counts.as_dict() == {
        "documents": {KEPT: 1, BELOW: 1, NEGATIVE: 1},
        "by_corpus": {"one": {KEPT: 1, BELOW: 1}, "two": {NEGATIVE: 1}},
        "entities_by_label": {"a": {KEPT: 1, "dropped": 1}, "b": {KEPT: 1}},
    }


def test_decisions_are_a_sequence_of_a_few_numbers_each() -> None:
    texts = [text("a"), text(), text("a"), text("a")]
    scores = by_list(0.1, Score(0.9, "easy"), 0.5)
    decisions = select(texts, scores, ratio=0.4)
    assert decisions[-1] == Decision(KEPT, 0.5)
    assert [d.outcome for d in decisions[:3]] == [KEPT, KEPT, "easy"]
    found = {name: values.tolist() for name, values in decisions.scores_by_outcome().items()}
    assert found == {KEPT: [0.1, 0.5], "easy": [0.9]}
    assert decisions.outcomes.nbytes + decisions.scores.nbytes == 12 * len(texts)


def test_equal_scores_keep_the_order_of_the_corpus() -> None:
    decisions = select([text("a")] * 4, by_list(0.5, 0.5, 0.5, 0.5), ratio=0.5)
    assert [d.outcome for d in decisions] == [KEPT, KEPT, BELOW, BELOW]


def test_no_documents_give_no_decisions() -> None:
    assert list(select([], make_random_scorer(), ratio=0.5, balance=True)) == []
    assert [d.outcome for d in select([text()], make_random_scorer(), ratio=0.5)] == [KEPT]


def test_a_scorer_that_leaves_documents_out_is_told() -> None:
    def lazy(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        yield from [Score(0.5) for _ in texts][1:]

    with pytest.raises(ValueError, match=r"GB-E113.*1 score for 2 documents"):
        select([text("a"), text("a")], lazy, ratio=0.5)


@given(
    st.lists(st.sampled_from([(), ("a",), ("b",), ("a", "b")]), max_size=30),
    st.floats(0, 1),
    st.booleans(),
)
def test_every_document_gets_a_decision_and_no_more_than_the_share_is_kept(
    labels: list[tuple[str, ...]], ratio: float, balance: bool
) -> None:
    texts = [text(*each) for each in labels]
    decisions = select(texts, make_random_scorer(1), ratio=ratio, balance=balance)
    assert len(decisions) == len(texts)
    n_positive = sum(map(bool, labels))
    kept = sum(d.outcome == KEPT for d, each in zip(decisions, labels, strict=True) if each)
    assert ratio * n_positive - 1e-6 <= kept <= ratio * n_positive + 2


def test_chance_is_the_same_in_each_run() -> None:
    texts = [text("a")] * 5
    assert list(make_random_scorer(3)(texts)) == list(make_random_scorer(3)(texts))
    assert list(make_random_scorer(3)(texts)) != list(make_random_scorer(4)(texts))
