"""Numbers have the right nouns."""

import pytest

from spacy_gliner_biomed.counting import Counted, count


@pytest.mark.parametrize(
    ("n", "nouns", "expected"),
    [
        (1, ("document",), "1 document"),
        (0, ("document",), "0 documents"),
        (2000, ("entity", "entities"), "2,000 entities"),
    ],
)
def test_a_count_has_its_noun(n: int, nouns: tuple[str, ...], expected: str) -> None:
    assert count(n, *nouns) == expected


def test_a_counted_message_has_its_nouns_and_all_else_of_str_format() -> None:
    message = Counted("{n:file was|files were} read, {{not}} {name!r}, at {rate:.1f} of {n:,}.")
    assert message.format(n=1, name="a", rate=2) == "1 file was read, {not} 'a', at 2.0 of 1."
    expected = "1,200 files were read, {not} 'a', at 2.0 of 1,200."
    assert message.format(n=1200, name="a", rate=2) == expected
    with pytest.raises(KeyError):
        message.format(n=1)
