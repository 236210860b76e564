import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from spacy_gliner_biomed.linking.kb import candidates
from spacy_gliner_biomed.linking.kb.candidates import (
    EQUAL,
    REWRITTEN,
    REWRITTEN_ALONE,
    SAME,
    SAME_BAG,
    SAME_CASE_APART,
    SAME_SEQUENCE,
    SIMILAR,
    LookupCache,
    Scope,
    find_acronym,
    find_candidates,
)
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase

ORGANS = list(enumerate(["lung", "liver", "skin"]))
THRESHOLD = 0.7  # the default one of links


def found(kb: KnowledgeBase, name: str, scope: Scope | None = None) -> dict[str, float]:
    (scores,) = find_candidates(kb, [name], scope or Scope())
    best = sorted(scores.items(), key=lambda pair: -pair[1])
    return {kb.tables.ids[number]: score for number, score in best}


@pytest.mark.parametrize(
    ("name", "concept_id", "score"),
    [
        ("Breast Neoplasms", "D:1", SAME),
        ("breast neoplasms", "D:1", SAME_CASE_APART),
        ("breast-neoplasm", "D:1", SAME_SEQUENCE),
        ("Neoplasms, Kidney", "D:2", SAME_BAG),
        ("renal neoplasm", "D:2", REWRITTEN),
    ],
)
def test_equal_names_have_the_score_of_how_equal_they_are(
    kb: KnowledgeBase, name: str, concept_id: str, score: float
) -> None:
    best = next(iter(found(kb, name).items()))
    assert best == (concept_id, pytest.approx(score, abs=1e-3))


def test_similar_names_come_after_equal_ones(kb: KnowledgeBase) -> None:
    every = found(kb, "Liver Neoplasms")
    assert next(iter(every)) == "D:3"
    assert {"D:1", "D:2"} <= set(every)
    assert max(score for concept, score in every.items() if concept != "D:3") < EQUAL
    (best,) = find_candidates(kb, ["Liver Neoplasms"], Scope(), only_best=True)
    assert [kb.tables.ids[number] for number in best] == ["D:3"]


def test_a_name_that_none_equals_has_similar_candidates(kb: KnowledgeBase) -> None:
    assert list(found(kb, "Prednisone")) == ["C:2"]
    assert next(iter(found(kb, "Prednisonum"))) == "C:2"
    assert 0 < found(kb, "Prednisonum")["C:2"] < REWRITTEN


def test_one_word_is_not_replaced_with_the_score_of_a_longer_name() -> None:
    cancers = [
        Concept("X:1", "Carcinoma", ["carcinoma 2"]),
        *(Concept(f"N:{i}", f"{organ} cancer", [f"{organ} carcinoma"]) for i, organ in ORGANS),
        Concept("Z:1", "Thyroid carcinoma"),
    ]
    kb = KnowledgeBase.build(cancers, name="cancers")
    assert kb.rewrites == {"cancer": ["carcinoma"], "carcinoma": ["cancer"]}
    assert found(kb, "thyroid cancer")["Z:1"] == REWRITTEN
    for name in ("cancer", "cancers", "cancer 2", "the cancer"):
        assert max(found(kb, name).values()) < THRESHOLD
    assert found(kb, "cancer")["X:1"] == REWRITTEN_ALONE


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("CDK1/2", "CDK12"),
        ("MMP-1/3", "MMP13"),
        ("keratin 1/8", "keratin 18"),
        ("human chromosome 10", "human chromosome X"),
        ("chromosome 10", "X chromosome"),
        ("interleukin 4", "interleukin 5"),
        ("SLC3A6", "SLC6A3"),
        ("type 1", "NOS1"),
    ],
)
def test_other_numbers_and_letters_are_no_link(name: str, other: str) -> None:
    kb = KnowledgeBase.build([Concept("X:1", other)], name="one")
    assert found(kb, name).get("X:1", 0.0) < THRESHOLD


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("HLA", "HLA-A"),
        ("hepatitis", "hepatitis A"),
        ("vitamin deficiency", "vitamin A deficiency"),
        ("influenza A", "influenza"),
    ],
)
def test_a_missing_letter_makes_a_name_similar_only(name: str, other: str) -> None:
    kb = KnowledgeBase.build([Concept("X:1", other), Concept("X:2", f"{name} B")], name="two")
    assert 0 < found(kb, name)["X:1"] < SIMILAR
    assert found(kb, name.lower())["X:1"] < SIMILAR


def test_a_preferred_name_goes_before_an_alias(kb: KnowledgeBase) -> None:
    preferred, alias = found(kb, "Liver Failure")["D:6"], found(kb, "Hepatic Failure")["D:6"]
    assert preferred > alias > SAME_CASE_APART


@pytest.mark.parametrize("name", ["", "+", "zzzz", "–"])
def test_what_is_like_nothing_has_no_candidate(kb: KnowledgeBase, name: str) -> None:
    assert found(kb, name) == {}


def test_only_what_is_in_scope_is_found(kb: KnowledgeBase) -> None:
    drugs = Scope.of(kb, kb.concepts_of_types(["drug"]))
    assert found(kb, "Wilson Disease", drugs) == {}
    assert list(found(kb, "penicillamine", drugs)) == ["C:1"]
    assert "C:1" in found(kb, "penicillamin", drugs)
    nothing = Scope.of(kb, np.zeros(len(kb), dtype=bool))
    assert found(kb, "penicillamin", nothing) == {}


def test_names_together_have_the_candidates_of_each_alone(
    kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["penicillamin", "", "Liver Failure", "zzzz", "renal neoplasm", "livers", "prednison"]
    alone = [find_candidates(kb, [name], Scope())[0] for name in names]
    assert find_candidates(kb, names, Scope()) == alone
    monkeypatch.setattr(candidates, "TOGETHER", 2)
    assert find_candidates(kb, names, Scope()) == alone
    assert find_candidates(kb, [], Scope()) == []


def test_initials_count_more_where_the_words_are_in_the_text(kb: KnowledgeBase) -> None:
    def score(context: set[str], short: str = "DMD") -> float:
        number = kb.number("D:5")
        assert number is not None
        return find_acronym(kb, short, context, Scope()).get(number, 0.0)

    assert score({"muscular", "dystrophy", "duchenne"}) > score({"dystrophy"}) > score(set()) > 0
    assert score(set(), "dmd") == score(set(), "D") == score(set(), "DM1") == 0


def lengths(asked: list[list[str]], cache: LookupCache[str, int], keys: str) -> dict[str, int]:
    def make(new: list[str]) -> Iterator[int]:
        asked.append(new)
        return map(ord, new)

    return cache.get_all(keys, make)


def test_what_is_known_is_not_made_again() -> None:
    asked: list[list[str]] = []
    cache: LookupCache[str, int] = LookupCache(10)
    assert lengths(asked, cache, "aba") == {"a": 97, "b": 98}
    assert lengths(asked, cache, "bc") == {"b": 98, "c": 99}
    assert lengths(asked, cache, "abc") == {"a": 97, "b": 98, "c": 99}
    assert asked == [["a", "b"], ["c"]]


def test_a_full_one_begins_anew_and_gives_all_that_was_asked() -> None:
    asked: list[list[str]] = []
    cache: LookupCache[str, int] = LookupCache(2)
    assert len(lengths(asked, cache, "abcde")) == 5
    assert len(lengths(asked, cache, "abf")) == 3
    assert asked == [[*"abcde"], ["f"]]
    lengths(asked, cache, "a")
    assert asked[-1] == ["a"]


def test_what_fails_is_not_kept() -> None:
    cache: LookupCache[str, int] = LookupCache(2)
    with pytest.raises(ValueError, match="no"):
        cache.get_all("a", lambda new: map(int, ["no"]))
    assert cache.get_all("a", lambda new: [1]) == {"a": 1}
    assert pickle.loads(pickle.dumps(cache)).get_all("a", lambda new: [2]) == {"a": 1}
