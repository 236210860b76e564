import pytest

from spacy_gliner_biomed.linking.brackets import (
    find_brackets,
    has_suffix,
    is_balanced,
    remove_brackets,
)


def test_nested_brackets_are_found_and_unpaired_ones_ignored() -> None:
    text = "a) (b [c] d) [e (f]"
    assert [text[each.start : each.end] for each in find_brackets(text)] == ["[c]", "(b [c] d)"]
    assert [each.outer for each in find_brackets(text)] == [4, 0]
    assert is_balanced("(b [c])")
    assert not is_balanced(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("PI(4)P", True), ("[3H]SCH", True), ("(PVC)s", False), ("(PVC)", False)]
)
def test_a_name_may_continue_after_brackets(text: str, expected: bool) -> None:
    (bracket,) = find_brackets(text)
    assert has_suffix(text, bracket) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("disease (see above) type 2", "disease   type 2"),
        ("poly(ADP-ribose) polymerase", "poly(ADP-ribose) polymerase"),
        ("factor (V)", "factor (V)"),
    ],
)
def test_remarks_in_brackets_are_removed_and_names_stay(text: str, expected: str) -> None:
    assert remove_brackets(text) == expected
