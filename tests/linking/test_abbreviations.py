import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.abbreviations import (
    by_apposition,
    expand,
    find_abbreviations,
    find_definitions,
)
from spacy_gliner_biomed.linking.brackets import is_balanced

PI3K = {"PI3K": "phosphoinositide 3-kinase"}


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
        ("Multiple myeloma (MM) relapsed. MM was treated.", {"MM": "Multiple myeloma"}),
        ("MM (multiple myeloma) relapsed", {"MM": "multiple myeloma"}),
        (
            "the American Association of Blood Banks (AABB)",
            {"AABB": "American Association of Blood Banks"},
        ),
        ("in time to treatment failure (TTF)", {"TTF": "time to treatment failure"}),
        (
            "peroxisome proliferator-activated receptor (PPAR)",
            {"PPAR": "peroxisome proliferator-activated receptor"},
        ),
        ("treatment of type 2 diabetes mellitus (T2DM)", {"T2DM": "type 2 diabetes mellitus"}),
        ("was measured in millimeter (mm)", {"mm": "millimeter"}),
        ("randomization to postmastectomy radiotherapy (RT)", {"RT": "radiotherapy"}),
        ("a repair enzyme, redox factor 1 (Ref-1)", {"Ref-1": "redox factor 1"}),
        (
            "pathway involving phosphoinositide 3-kinase (PI3K)",
            {"PI3K": "phosphoinositide 3-kinase"},
        ),
        ("tumor necrosis factor (TNF)alpha", {"TNF": "tumor necrosis factor"}),
        ("renal\n failure (RF)", {"RF": "renal\n failure"}),
    ],
)
def test_definitions_are_found(text: str, expected: dict[str, str]) -> None:
    assert find_abbreviations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "PI(4)P (phosphatidylinositol 4-phosphate)",
            {"PI(4)P": "phosphatidylinositol 4-phosphate"},
        ),
        (
            "phosphatidylinositol 4-phosphate (PI(4)P)",
            {"PI(4)P": "phosphatidylinositol 4-phosphate"},
        ),
        (
            "phosphatidylinositol 3,4-bisphosphate-2 (PI(3,4)P2)",
            {"PI(3,4)P2": "phosphatidylinositol 3,4-bisphosphate-2"},
        ),
        ("poly(ADP-ribose) polymerase (PARP)", {"PARP": "poly(ADP-ribose) polymerase"}),
        ("(see heart failure (HF))", {"HF": "heart failure"}),
        (
            "renal failure (RF) and rheumatic heart (RH)",
            {"RF": "renal failure", "RH": "rheumatic heart"},
        ),
        ("release of [3H]dopamine (DA)", {"DA": "[3H]dopamine"}),
        ("binding of [3H]SCH 23390 and 3 hours of [3H]SCH 23390", {}),
        ("a D1 antagonist ([3H]SCH 23390)", {}),
        ("of [18F]-fluorodeoxyglucose (FDG)", {"FDG": "[18F]-fluorodeoxyglucose"}),
        ("beta-2) microglobulin (B2M)", {}),
    ],
)
def test_brackets_are_whole_or_left_out(text: str, expected: dict[str, str]) -> None:
    assert find_abbreviations(text) == expected


def test_a_definition_says_where_the_long_form_stands() -> None:
    text = "MM and Multiple\n  myeloma (MM), poly(ADP-ribose) polymerase (PARP)"
    found = list(find_definitions(text))
    assert [(each.short, text[each.start : each.end]) for each in found] == [
        ("MM", "Multiple\n  myeloma"),
        ("PARP", "poly(ADP-ribose) polymerase"),
    ]
    assert found[0].start == 7


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
        ("[3H]SCH 23390", "[3H]SCH 23390"),
        ("poly(ADP-ribose) polymerase", "poly(ADP-ribose) polymerase"),
        ("neoplasia (MEN (type 1)) of HPT", "neoplasia of hyperparathyroidism"),
    ],
)
def test_short_forms_in_a_name_are_written_out(text: str, expected: str) -> None:
    assert expand(text, {"HPT": "hyperparathyroidism"}) == expected


@given(st.text(alphabet="ab ()[],;.-AB3\n", max_size=60))
def test_any_text_is_read_and_what_is_found_stands_in_it(text: str) -> None:
    for short, start, end in find_definitions(text):
        long = text[start:end]
        assert short in text
        assert len(long) > len(short)
        assert long == long.strip()
        assert is_balanced(long)
        assert is_balanced(short)
    assert {*find_abbreviations(text)} == {each.short for each in find_definitions(text)}
