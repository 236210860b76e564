import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.common.json_text import MAX_DEPTH, check_text, dump_json, parse_json

# With halves of surrogate pairs, which JSON can hold.
STRINGS = st.text(st.characters())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | STRINGS,
    lambda inner: st.lists(inner) | st.dictionaries(STRINGS, inner),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_again_and_safe_to_show(value: Any) -> None:
    written = dump_json(value)
    assert b"\n" not in written
    assert not set(written.decode()) & {"\x1b", "\x9b", "\x7f", "\u202e", "\u2028"}
    assert parse_json(written.decode()) == value


def test_letters_stay_as_they_are() -> None:
    assert dump_json({"é": "🫀\x9b"}) == '{"é": "🫀\\u009b"}'.encode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"Expecting value \(column 1\)"),
        ('{"a": oops}', r"Expecting value \(column 7\)"),
        ('{"a":\noops}', r"\(line 2, column 1\)"),
        ("[" * 101 + "]" * 101, "deeper than 100 levels"),
        ('{"a":' * 990 + "1" + "}" * 990, "deeper than 100 levels"),
        ("[" * 200_000, "deeper than 100 levels"),
        ("9" * 5000, "integer string"),
        ('[{"text": "a", "b": 1, "text": "c"}]', "the key 'text' is repeated"),
        ('{"a": NaN}', "NaN is no finite number; JSON has null"),
        ("[-Infinity]", "-Infinity is no finite number"),
        ("1e999", "1e999 is no finite number"),
    ],
)
def test_what_is_no_json_or_too_deep_is_said(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_json(text)


def test_what_is_as_deep_as_allowed_is_read_and_written() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert dump_json(parse_json(text)) == text.encode()


def test_what_is_not_written_again_may_be_deeper() -> None:
    assert parse_json("[" * 200 + "]" * 200, to_write=False)
    with pytest.raises(ValueError, match="deeper"):
        parse_json("[" * 200_000, to_write=False)


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    assert check_text("whole 🫀") == "whole 🫀"
    with pytest.raises(ValueError, match=r"character 5 .*half of a surrogate pair \(\\ud800\)"):
        check_text(json.loads('"half \\ud800"'))


def test_numbers_that_are_not_finite_are_written_as_null_with_a_warning() -> None:
    value = {"a": [1.5, float("nan"), (float("-inf"), "x")], "b": {"c": float("inf")}, "d": 1e300}
    with pytest.warns(UserWarning, match="GB-W420") as raised:
        written = dump_json(value)
    assert parse_json(written.decode()) == {"a": [1.5, None, [None, "x"]], "b": {"c": None}} | {
        "d": 1e300
    }
    assert ["'a'" in str(each.message) for each in raised] == [True, True, False]
    assert "'c' has the number inf" in str(raised[2].message)
