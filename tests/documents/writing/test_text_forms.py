from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from spacy_gliner_biomed.documents.writing.text_forms import (
    count_invalid,
    one_line,
    utf8_text,
    xml_name,
    xml_text,
)


@given(text=st.text(max_size=20))
def test_xml_holds_the_text_in_the_same_number_of_characters(text: str) -> None:
    form = xml_text(text)
    element = etree.Element("text")
    element.text = form
    assert (etree.fromstring(etree.tostring(element)).text or "") == form
    assert len(form) == len(text)
    assert sum(a != b for a, b in zip(form, text, strict=True)) == count_invalid(text)


def test_names_that_xml_does_not_hold_stay_different() -> None:
    names = ["a\x0b1", "a\x0c1", "a\ud8001", "a1", 7]
    forms = [xml_name(name) for name in names]
    assert forms == [r"a\u000b1", r"a\u000c1", r"a\ud8001", "a1", "7"]
    assert [count_invalid(name) for name in names] == [1, 1, 1, 0, 0]


def test_values_that_are_no_text_become_json() -> None:
    assert xml_text({"é": [1, None]}) == '{"é": [1, null]}'


def test_halves_of_surrogate_pairs_are_escaped() -> None:
    assert utf8_text("a\ud800é") == r"a\ud800é"


def test_text_is_put_in_one_line_character_by_character() -> None:
    assert one_line("a\r\nb\tc\u2028d") == "a  b c d"
