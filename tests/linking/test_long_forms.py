import pytest

from spacy_gliner_biomed.linking.long_forms import find_long_form


@pytest.mark.parametrize(
    ("short", "text", "expected"),
    [
        ("WD", "a case of Wilson disease", "Wilson disease"),
        ("MM", "cases of multiple myeloma", "multiple myeloma"),  # not "myeloma"
        ("mm", "measured in millimeter", "millimeter"),  # not "measured in millimeter"
        (
            "PPRE",
            "a peroxisome proliferator-activated receptor response element",
            "peroxisome proliferator-activated receptor response element",
        ),
        ("XYZ", "no such words", None),
    ],
)
def test_the_long_form_ends_the_text(short: str, text: str, expected: str | None) -> None:
    start = find_long_form(short, text)
    assert (None if start is None else text[start:]) == expected
