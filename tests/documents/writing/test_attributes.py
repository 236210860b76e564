from collections.abc import Iterator

import numpy as np
import pytest
import spacy
from spacy.tokens import Span

from spacy_gliner_biomed.documents.writing.attributes import (
    attribute_kinds,
    check_attributes,
    column_value,
    parse_attributes,
    plain_value,
)


@pytest.fixture(autouse=True)
def extensions() -> Iterator[None]:
    Span.set_extension("section_title", default=None, force=True)
    Span.set_extension("does", method=lambda span: 1, force=True)
    yield
    Span.remove_extension("section_title")
    Span.remove_extension("does")


def test_names_are_separated_by_commas() -> None:
    assert parse_attributes(" negex, section_title ,negex,") == ["negex", "section_title"]
    assert parse_attributes(None) == []


def test_unknown_attributes_and_methods_are_refused_with_those_that_are_there() -> None:
    check_attributes(["section_title"])
    for name in ("sectoin_title", "does"):
        with pytest.raises(ValueError, match=rf"GB-E220.*'{name}'.*written:.*section_title"):
            check_attributes([name])


def test_an_attribute_must_not_be_named_like_a_column() -> None:
    with pytest.raises(ValueError, match=r"GB-E221.*'label'"):
        check_attributes(["label"])


def test_negation_and_the_like_are_columns_of_true_and_false() -> None:
    kinds = {"negex": "bool", "is_family": "bool", "section_title": "string"}
    assert attribute_kinds(list(kinds)) == kinds


def test_values_become_what_json_holds() -> None:
    doc = spacy.blank("en")("no pain")
    for value, expected in [
        (None, None),
        (True, True),
        (float("nan"), "nan"),
        (doc[0:2], "no pain"),
        ((doc[0], {"a": doc}), ["no", {"a": "no pain"}]),
        ({"b", "a"}, ["a", "b"]),
        (np.float32(0.5), 0.5),
        (np.arange(2), [0, 1]),
        (ValueError("text"), "text"),
    ]:
        assert plain_value(value) == expected


def test_values_of_columns_are_texts_or_true_and_false() -> None:
    assert column_value("a", ["x", 1], "string") == '["x", 1]'
    assert column_value("a", "x", "string") == "x"
    assert column_value("a", None, "bool") is None
    assert column_value("a", True, "bool") is True
    with pytest.raises(ValueError, match=r"GB-E222.*'negex' is 'maybe'"):
        column_value("negex", "maybe", "bool")
    with pytest.raises(ValueError, match="surrogate"):
        column_value("a", "\ud800", "string")
