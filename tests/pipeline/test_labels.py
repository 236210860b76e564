import pytest

from spacy_gliner_biomed.pipeline.labels import (
    DEFAULT_LABELS,
    check_threshold,
    keep_prompts,
    parse_labels,
    unique_labels,
)
from spacy_gliner_biomed.pipeline.relation_settings import parse_relations
from spacy_gliner_biomed.types import LabelSpec


def test_strings_and_dicts_become_specs_in_order():
    labels = ["disease", {"label": "DRUG", "prompt": "drug", "threshold": 0.4}, {"label": "x"}]
    assert parse_labels(labels) == [
        LabelSpec("disease", "disease", None),
        LabelSpec("DRUG", "drug", 0.4),
        LabelSpec("x", "x", None),
    ]


def test_none_is_as_good_as_left_out():
    assert parse_labels([{"label": "x", "prompt": None, "threshold": None}]) == parse_labels(["x"])


def test_a_label_may_have_several_prompts_and_a_prompt_several_labels():
    labels = [
        {"label": "A", "prompt": "x"},
        {"label": "A", "prompt": "y"},
        {"label": "B", "prompt": "x"},
    ]
    assert len(parse_labels(labels)) == 3


def test_the_default_labels_are_valid_and_different():
    assert unique_labels(DEFAULT_LABELS) == DEFAULT_LABELS


@pytest.mark.parametrize("labels", ["disease", {"disease": 0.5}, {"disease"}, None, iter("ab"), 3])
def test_only_a_list_is_a_list(labels):
    with pytest.raises(ValueError, match=r"GB-E030.*'labels' must be a list"):
        parse_labels(labels)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "  ",
        1,
        None,
        ["a"],
        {},
        {"prompt": "x"},
        {"label": ""},
        {"label": "x", "prompt": "\t"},
        {"label": "x", "prompt": 3},
        {"label": "x", "treshold": 0.3},
    ],
)
def test_an_entry_that_is_none_is_refused(entry):
    with pytest.raises(ValueError, match="GB-E023"):
        parse_labels(["disease", entry])


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "0.5", True, None, [0.5]])
def test_a_threshold_is_a_number_from_0_to_1(value):
    with pytest.raises(ValueError, match=r"GB-E030.*'threshold' must be from 0 to 1"):
        check_threshold(value)
    if value is not None:
        with pytest.raises(ValueError, match=r"GB-E030.*'threshold of x'"):
            parse_labels([{"label": "x", "threshold": value}])


@pytest.mark.parametrize("value", [0, 0.0, 0.3, 1, 1.0])
def test_the_borders_of_a_threshold_are_allowed(value):
    assert check_threshold(value) == value
    assert type(check_threshold(value)) is float


def test_a_repeated_label_is_asked_once_with_a_warning():
    labels = ["a", {"label": "b", "threshold": 0.3}, "a", {"label": "b", "threshold": 0.3}, "c"]
    with pytest.warns(UserWarning, match=r"GB-W007.*\['a', 'b'\] are listed more than once"):
        assert unique_labels(labels) == ["a", {"label": "b", "threshold": 0.3}, "c"]
    assert len(parse_labels(labels)) == 3


def test_two_thresholds_for_one_label_and_prompt_are_a_contradiction():
    with pytest.raises(ValueError, match=r"GB-E025.*'a'.*\(None, 0.3\)"):
        parse_labels(["a", {"label": "a", "threshold": 0.3}])


@pytest.mark.parametrize(
    "entry", ["a \ud800", {"label": "\udfff"}, {"label": "x", "prompt": "\ud800"}]
)
def test_half_a_surrogate_pair_is_refused(entry):
    with pytest.raises(ValueError, match=r"\[GB-E390\].*\\ud"):
        parse_labels(["disease", entry])


def test_half_a_surrogate_pair_in_a_relation_is_refused():
    with pytest.raises(ValueError, match=r"\[GB-E390\].*\\ud"):
        parse_relations([{"relation": "treats", "head": "drug \ud800"}])


def test_a_string_that_names_a_known_label_keeps_its_prompts_and_threshold():
    known = ["disease", {"label": "X", "prompt": "drug", "threshold": 0.3}]
    known += [{"label": "X", "prompt": "medicine"}]
    assert keep_prompts(("disease", "X", "new"), known) == [*known, "new"]
    assert keep_prompts([{"label": "X"}], known) == [{"label": "X"}]
    assert keep_prompts(["X"], ["X", {"label": "X", "prompt": "drug"}]) == ["X"]
    assert keep_prompts("X", known) == "X"


def test_labels_can_be_extended(make_nlp):
    nlp = make_nlp(labels=["disease", {"label": "X", "prompt": "drug", "threshold": 0.3}])
    component = nlp.get_pipe("gliner_biomed")
    component.labels = [*component.labels, "symptom"]
    assert component.label_data == [
        "disease",
        {"label": "X", "prompt": "drug", "threshold": 0.3},
        "symptom",
    ]
