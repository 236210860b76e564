import pytest

from spacy_gliner_biomed.training.families import (
    DISJOINT,
    FAMILIES,
    FAMILY_OF,
    excluded_labels,
)


def test_tables_fit_together() -> None:
    assert {*FAMILY_OF.values()} <= {*DISJOINT} <= {*FAMILIES}
    assert {other for families in DISJOINT.values() for other in families} <= {*FAMILIES}
    for family, others in DISJOINT.items():
        assert family not in others
        assert len(others) == len({*others})


def test_a_label_is_in_one_family() -> None:
    labels = [label for words in FAMILIES.values() for label in words]
    assert len(labels) == len({*labels})


@pytest.mark.parametrize(
    ("label", "excluded", "possible"),
    [
        ("disease", ["occupation", "medical device", "age"], ["symptom", "adverse event", "gene"]),
        ("chemical", ["disease", "occupation"], ["drug", "food or nutrient", "gene or protein"]),
        ("gene or protein", ["disease", "date or time"], ["drug", "chemical", "species"]),
        ("species", ["dosage", "medical device"], ["occupation", "sex", "disease"]),
        ("cell type", ["occupation", "beverage"], ["gene or protein", "drug", "tissue"]),
    ],
)
def test_what_is_certain(label: str, excluded: list[str], possible: list[str]) -> None:
    found = excluded_labels(label)
    assert {*excluded} <= {*found}
    assert not {*possible} & {*found}


def test_an_unknown_label_excludes_nothing() -> None:
    assert excluded_labels("study endpoint") == []
