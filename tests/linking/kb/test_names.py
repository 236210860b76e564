import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.kb.names import (
    RewriteCounter,
    bag_key,
    fold,
    sequence_key,
    variants,
    words,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Breast Neoplasms", "breast neoplasm"),
        ("metastases", "metastasis"),
        ("diseases", "disease"),
        ("viruses", "virus"),
        ("allergies", "allergy"),
        ("vertebrae", "vertebra"),
        ("carcinomata", "carcinoma"),
        ("reflexes", "reflex"),
        ("tumours", "tumor"),
        ("haemorrhage", "hemorrhage"),
        ("oesophagus", "esophagus"),
        ("leucocytes", "leukocyte"),
        ("sulphate", "sulfate"),
        ("Parkinson's disease", "Parkinson disease"),
        ("type II", "type 2"),
        ("Type-I", "type 1"),
        ("TNF-α", "TNF alpha"),
        ("β-blocker", "beta blockers"),
        ("IL2", "IL-2"),
        ("Sjögren", "Sjogren"),
        ("ﬁbrosis", "fibrosis"),
    ],
)
def test_spellings_of_one_name_have_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("abscess", "absces"), ("type 1", "type 2"), ("uterus", "uteru"), ("IL-2", "IL-12")],
)
def test_other_names_do_not(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_the_order_counts_for_the_sequence_and_not_for_the_bag() -> None:
    one, other = words("Arthritis, Rheumatoid"), words("rheumatoid arthritis")
    assert sequence_key(one) != sequence_key(other)
    assert bag_key(one) == bag_key(other)


def test_words_may_be_joined_in_a_sequence() -> None:
    assert sequence_key(words("anti-inflammatory")) == sequence_key(words("antiinflammatory"))


def test_small_words_count_for_the_bag_only_where_there_are_no_others() -> None:
    assert bag_key(words("cancer of the breast")) == bag_key(words("breast cancer"))
    assert bag_key(words("of")) == "of"


@pytest.mark.parametrize("text", ["", "+", "  ", "−−"])
def test_a_name_without_letters_has_no_words(text: str) -> None:
    assert words(text) == []


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def learn(*concepts: list[str]) -> dict[str, list[str]]:
    counter = RewriteCounter()
    for names in concepts:
        counter.add([name.split() for name in names])
    return counter.rewrites()


def test_an_exchange_that_two_concepts_show_is_learnt_both_ways() -> None:
    found = learn(["breast tumor", "breast neoplasm"], ["neoplasm of kidney", "kidney tumor"])
    assert found == {"tumor": ["neoplasm"], "neoplasm": ["tumor"]}


def test_one_concept_is_not_enough() -> None:
    assert learn(["breast tumor", "breast neoplasm", "tumor breast"]) == {}


def test_names_that_differ_in_two_words_or_share_none_say_nothing() -> None:
    assert learn(*[["breast tumor", "mammary neoplasm"], ["tumor", "neoplasm"]] * 2) == {}


def test_numbers_and_letters_are_never_exchanged() -> None:
    assert learn(*[["factor 2 deficiency", "factor 8 deficiency", "factor v deficiency"]] * 2) == {}


def test_the_best_supported_go_first() -> None:
    found = learn(*[["a tumor x", "neoplasm x"]] * 2, *[["tumor y", "cancer y"]] * 3)
    assert found["tumor"] == ["cancer", "neoplasm"]


def test_a_variant_has_one_word_exchanged() -> None:
    rewrites = {"renal": ["kidney"], "tumor": ["neoplasm", "cancer"]}
    assert variants(["renal", "tumor"], rewrites) == [
        ["kidney", "tumor"],
        ["renal", "neoplasm"],
        ["renal", "cancer"],
    ]
    assert variants(["asthma"], rewrites) == []
