"""Settings in the query of a URL."""

import pytest

from spacy_gliner_biomed.service.requests import read_query
from spacy_gliner_biomed.service.service_error import ServiceError


def test_repeated_lists_are_joined_in_their_order() -> None:
    query = [
        ("labels", "disease,drug"),
        ("attributes", "negex"),
        ("labels", '[{"label": "GENE", "prompt": "gene"}]'),
        ("relations", "treats"),
        ("attributes", "section_category"),
        ("relations", '[{"relation": "causes", "head": ["drug"]}]'),
    ]
    options = read_query(query).model_dump(exclude_none=True, exclude_defaults=True)
    assert options == {
        "labels": ["disease", "drug", {"label": "GENE", "prompt": "gene"}],
        "relations": [
            "treats",
            {"relation": "causes", "head": ["drug"]},
        ],
        "attributes": ["negex", "section_category"],
    }


def test_a_repeated_value_is_refused_where_one_is_allowed() -> None:
    with pytest.raises(ServiceError, match="'threshold' is not allowed: it is given 2 times") as e:
        read_query([("threshold", "0.5"), ("labels", "drug"), ("threshold", "0.5")])
    assert e.value.status == 422
