import pytest

from spacy_gliner_biomed.common.terminal import echo, escape_controls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fièvre 39 °C, Ménière’s\n\t🫀 می‌خواهم", "Fièvre 39 °C, Ménière’s\n\t🫀 می‌خواهم"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\x9b31mb\x7f\0\r", r"a\x9b31mb\x7f\x00\r"),
        ("1 \u202egm 5\u2028", r"1 \u202egm 5\u2028"),
        ("half \ud800", r"half \ud800"),
    ],
)
def test_only_what_a_terminal_obeys_is_escaped(text: str, expected: str) -> None:
    assert escape_controls(text) == expected
    assert escape_controls(expected) == expected


def test_what_a_terminal_would_obey_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    echo("note \x1b[31m\x9b.txt:\n\tfine")
    assert capsys.readouterr().err == "note \\x1b[31m\\x9b.txt:\n\tfine\n"
