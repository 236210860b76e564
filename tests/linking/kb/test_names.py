import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.kb.names import (
    bag_key,
    fold,
    sequence_key,
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
        ("œdema", "edema"),
        ("Anæmia", "anemia"),
        ("fœtus", "fetus"),
        ("muscle fibres", "muscle fiber"),
        ("litre", "liter"),
        ("aluminium", "aluminum"),
        ("behavioural", "behavioral"),
        ("grey matter", "gray matter"),
        ("Crohn′s disease", "Crohn's disease"),
        ("Crohn`s disease", "Crohn disease"),
        ("Crohn´s disease", "Crohn disease"),
        ("TNF-ɑ", "TNF-α"),
        ("Łukasz", "lukasz"),
        ("factor V", "factor 5"),
        ("a fever", "fever"),
    ],
)
def test_spellings_of_one_name_have_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("abscess", "absces"),
        ("type 1", "type 2"),
        ("uterus", "uteru"),
        ("IL-2", "IL-12"),
        ("X chromosome", "chromosome 10"),
        ("fragile X", "fragile 10"),
        ("V-ATPase", "5-ATPase"),
        ("A kinase", "kinase"),
    ],
)
def test_other_names_do_not(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_the_order_counts_for_the_sequence_and_not_for_the_bag() -> None:
    one, other = words("Arthritis, Rheumatoid"), words("rheumatoid arthritis")
    assert sequence_key(one) != sequence_key(other)
    assert bag_key(one) == bag_key(other)


def test_words_may_be_joined_in_a_sequence() -> None:
    assert sequence_key(words("anti-inflammatory")) == sequence_key(words("antiinflammatory"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CDK1/2", "CDK12"),
        ("IL-1, 3", "IL-13"),
        ("keratin 1/8", "keratin 18"),
        ("stage 1/2", "stage 12"),
        ("SLC2A1", "SLC1A2"),
        ("CYP1A1", "CYP1A"),
        ("IL-1 receptor type 2", "IL-2 receptor type 1"),
        ("hepatitis", "hepatitis A"),
        ("HLA", "HLA-A"),
        ("influenza A", "influenza"),
        ("vitamin deficiency", "vitamin A deficiency"),
        ("blood type", "blood"),
        ("type 1", "1"),
        ("NOS1", "type 1"),
        ("OR1A1", "A1"),
        ("IN1", "1"),
    ],
)
def test_numbers_and_letters_tell_names_from_each_other(one: str, other: str) -> None:
    for key in (sequence_key, bag_key):
        assert key(words(one)) != key(words(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("diabetes mellitus, type 2", "type II diabetes mellitus"),
        ("diabetes mellitus 2", "type 2 diabetes mellitus"),
        ("hyperlipoproteinemia type IIa", "hyperlipoproteinemia IIa"),
        ("type II interleukin 1 receptor", "interleukin-1 receptor, type 2"),
        ("collagen X", "type X collagen"),
        ("vitamins D2 and D3", "D2, D3 vitamins"),
        ("pneumonia, NOS", "pneumonia"),
        ("the botulinum toxin A", "botulinum toxin type A"),
    ],
)
def test_words_that_tell_nothing_may_be_missing(one: str, other: str) -> None:
    assert bag_key(words(one)) == bag_key(words(other))


def test_a_list_of_members_names_each() -> None:
    assert bag_key(words("CDK1/2")) == "cdk1 cdk2"
    assert bag_key(words("vitamins D2 and 3")) == "d2 d3 vitamin"
    assert bag_key(words("2,4-dinitrophenol")) == "2 4 dinitrophenol"


def test_small_words_count_for_the_bag_only_where_there_are_no_others() -> None:
    assert bag_key(words("cancer of the breast")) == bag_key(words("breast cancer"))
    assert bag_key(words("of")) == "of"


@pytest.mark.parametrize("text", ["", "+", "  ", "−−"])
def test_a_name_without_letters_has_no_words(text: str) -> None:
    assert words(text) == []


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
