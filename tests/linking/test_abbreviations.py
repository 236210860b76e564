import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.abbreviations import by_apposition, expand, find_abbreviations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wilson disease (WD) is rare.", {"WD": "Wilson disease"}),
        ("He had acute renal failure (ARF; n=3).", {"ARF": "acute renal failure"}),
        (
            "after heparin-induced thrombocytopenia [HIT]",
            {"HIT": "heparin-induced thrombocytopenia"},
        ),
        (
            "premature ventricular contractions (PVCs)",
            {
                "PVCs": "premature ventricular contractions",
                "PVC": "premature ventricular contractions",
            },
        ),
        ("WD (Wilson disease) is rare", {"WD": "Wilson disease"}),
        ("a drug (given twice)", {}),
        ("in patients (n = 12)", {}),
        ("acute renal failure (XYZ)", {}),
        ("(WD) at the start", {}),
        ("It rained. Then diseases (TD) came.", {"TD": "Then diseases"}),
        ("", {}),
    ],
)
def test_definitions_are_found(text: str, expected: dict[str, str]) -> None:
    assert find_abbreviations(text) == expected


def test_the_first_definition_counts() -> None:
    text = "renal failure (RF) and rheumatic fever (RF)"
    assert find_abbreviations(text) == {"RF": "renal failure"}


def test_short_form_after_a_mention_may_have_its_initials_in_any_order() -> None:
    text = "in myotonic dystrophy (DM) and asthma (DM)"
    spans = [(3, 21), (23, 25), (31, 37), (39, 41)]
    assert [text[a:b] for a, b in spans] == ["myotonic dystrophy", "DM", "asthma", "DM"]
    assert by_apposition(text, spans) == {"DM": "myotonic dystrophy"}


def test_what_is_not_in_brackets_is_no_apposition() -> None:
    assert by_apposition("myotonic dystrophy, DM", [(0, 18), (20, 22)]) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("primary HPT", "primary hyperparathyroidism"),
        ("neoplasia (MEN) types 1 and 2", "neoplasia types 1 and 2"),
        ("asthma", "asthma"),
        ("(X)", "(X)"),
    ],
)
def test_short_forms_in_a_name_are_written_out(text: str, expected: str) -> None:
    assert expand(text, {"HPT": "hyperparathyroidism"}) == expected


@given(st.text(alphabet="ab ()[],;.-AB", max_size=60))
def test_any_text_is_read_and_what_is_found_stands_in_it(text: str) -> None:
    for short, long in find_abbreviations(text).items():
        assert short in text
        assert long in text
        assert len(long) > len(short)
