"""Chat completions: what is optional may have any form; what is no completion is said."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.silver.chat_responses import TemporaryFault, parse_completion
from spacy_gliner_biomed.silver.failures import REFUSED, Failure
from spacy_gliner_biomed.silver.reply_cache import Reply

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


def parse(message: Any, finish: Any = "stop", **others: Any) -> Reply:
    choice = {"message": message, "finish_reason": finish}
    return parse_completion(json.dumps({"choices": [choice], **others}).encode())


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3}, (7, 3)),
        ({"prompt_tokens": 7}, (7, None)),
        ({"prompt_tokens": -7, "completion_tokens": True}, (None, None)),
        ({"prompt_tokens": 10**30, "completion_tokens": 2.5}, (None, None)),
        ({"prompt_tokens": float("nan"), "completion_tokens": "3"}, (None, None)),
        ([7, 3], (None, None)),
        ("n/a", (None, None)),
        (None, (None, None)),
    ],
)
def test_numbers_of_tokens_that_cannot_be_are_unknown(usage: Any, expected: Any) -> None:
    assert parse({"content": "yes"}, usage=usage) == Reply("yes", True, *expected)


def test_an_answer_in_parts_is_joined_without_reasoning() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": '{"entities":'},
        {"type": "text", "text": " []}"},
        None,
    ]
    assert parse({"content": parts}).content == '{"entities": []}'


@pytest.mark.parametrize("content", [None, 7, {}, []])
def test_an_answer_without_text_is_an_answer(content: Any) -> None:
    assert parse({"content": content, "tool_calls": []}, "tool_calls") == Reply("")
    assert parse({"content": content}, "length") == Reply("", complete=False)


def test_a_refusal_says_what_the_model_said() -> None:
    with pytest.raises(Failure, match="the model refused: I cannot help") as raised:
        parse({"content": None, "refusal": "I cannot help"})
    assert raised.value.kind == REFUSED


@given(VALUES, VALUES, VALUES)
def test_no_form_of_an_optional_part_is_an_error(content: Any, finish: Any, usage: Any) -> None:
    reply = parse({"content": content}, finish, usage=usage, model=usage)
    assert reply.content == content or not isinstance(content, str)


@given(VALUES)
def test_what_is_no_completion_is_a_fault_of_the_server(body: Any) -> None:
    for odd in (body, {"choices": body}, {"choices": [body]}, {"choices": [{"message": [body]}]}):
        with pytest.raises(TemporaryFault, match="no chat completion"):
            parse_completion(json.dumps(odd).encode())
