import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.normalization import bag_key, fold, sequence_key, words


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
