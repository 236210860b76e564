"""What is said of a request of another shape: where it is wrong, what was found, what may be."""

from typing import Any

import pytest
from pydantic import ValidationError

from spacy_gliner_biomed.service.schema import AnnotateRequest
from spacy_gliner_biomed.service.service_error import ServiceError
from spacy_gliner_biomed.service.validation import check_query, validation_error

FLAT = "'overlap' is not allowed: it must be 'flat' or 'nested'; found 'FLAT'"
TOP = (
    "labels, relations, threshold, overlap, multi_label, alignment, utf16, attributes, text, texts"
)


def error_of(body: Any) -> ServiceError:
    with pytest.raises(ValidationError) as raised:
        AnnotateRequest.model_validate(body)
    return validation_error(raised.value.errors(), AnnotateRequest)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"labels": [None]},
            "'labels.0' is not allowed: it must be a string or an object; found null",
        ),
        (
            {"labels": ["a", 7]},
            "'labels.1' is not allowed: it must be a string or an object; found 7",
        ),
        ({"labels": "drug"}, "'labels' is not allowed: it must be a list; found 'drug'"),
        (
            {"labels": []},
            "'labels' is not allowed: it must be a list with at least 1 item; found an empty list",
        ),
        (
            {"labels": [{"label": "a", "threshold": "0.5"}]},
            "'labels.0.threshold' is not allowed: it must be a number; found '0.5'",
        ),
        ({"labels": [{}]}, "'labels.0.label' is missing."),
        (
            {"relations": [{"relation": "a", "head": 5}]},
            "'relations.0.head' is not allowed: it must be a string or a list; found 5",
        ),
        (
            {"relations": [{"relation": "a", "head": [5]}]},
            "'relations.0.head.0' is not allowed: it must be a string; found 5",
        ),
        ({"overlap": "FLAT"}, FLAT),
        (
            {"multi_label": {}},
            "'multi_label' is not allowed: it must be true or false; found an obj",
        ),
        ({"texts": "a secret"}, "'texts' is not allowed: it must be a list; found a string"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(body: Any, message: str) -> None:
    error = error_of(body)
    assert error.status == 422
    assert error.to_json()["error"]["message"].startswith(message)
    assert "secret" not in error.message


def test_unknown_keys_are_named_with_those_that_are_known_there() -> None:
    labels = [{"label": "a", "thresh": 1}, {"label": "b", "thresh": 1}]
    assert error_of({"foo": 1, "labels": labels}).message == (
        f"[GB-E242] Unknown key 'foo'. Allowed keys are: {TOP}. "
        "Unknown key 'thresh'. Did you mean 'threshold'? "
        "Allowed keys are: label, prompt, threshold."
    )


@pytest.mark.parametrize(
    "body", [{"\ud800": 1}, {"labels": [{"label": "a", "\ud800": 1}]}, {"overlap": "\ud800"}]
)
def test_half_a_character_is_said(body: Any) -> None:
    error = error_of(body)
    assert error.status == 422
    assert "[GB-E251] A key or setting holds half of a surrogate pair" in error.message


def test_a_body_that_is_no_object_is_said() -> None:
    error = error_of([1])
    assert error.status == 400
    assert "it is not a JSON object" in error.message


def test_a_query_has_only_what_the_endpoint_takes() -> None:
    check_query(["labels", "labels"], ["labels"], "POST /x")
    with pytest.raises(ServiceError, match=r"POST /x does not take 'a', 'lables' in its query"):
        check_query(["a", "lables", "a", "labels"], ["labels"], "POST /x")
