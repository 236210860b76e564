from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.linking.pipeline_checks import (
    check_labels,
    entity_labels,
    later_writers,
    missed_rules,
    nearest_label,
)

MakeNlp = Callable[..., Language]


@Language.component("test_pipeline_checks_undeclared")
def undeclared(doc: Doc) -> Doc:
    return doc


def with_rulers(*names: str) -> Language:
    """A pipeline of rulers, which find diseases and drugs, and other components."""
    nlp = spacy.blank("en")
    for name in names:
        pipe: Any = nlp.add_pipe(name)
        if name.endswith("ruler"):
            pipe.add_patterns([{"label": label, "pattern": "x"} for label in ("disease", "drug")])
    return nlp


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Disease", "disease"),
        ("DRUG", "drug"),
        ("diseases", "disease"),
        ("dieases", "disease"),
        ("gene", None),
    ],
)
def test_the_nearest_label_differs_in_case_or_little(label: str, expected: str | None) -> None:
    assert nearest_label(label, ["drug", "disease", "Species"]) == expected


@pytest.mark.parametrize("pipes", [["entity_ruler"], ["sentencizer", "span_ruler"]])
def test_labels_that_no_entity_can_have_are_refused(pipes: list[str]) -> None:
    nlp = with_rulers(*pipes)
    assert sorted(entity_labels(nlp)) == ["disease", "drug"]
    check_labels(["*", "drug"], nlp, None)
    expected = (
        r"GB-E405\] --link names 'Drug', 'gene', but .* its labels are: disease, drug\. Did you "
        r"mean 'drug'\?"
    )
    with pytest.raises(ValueError, match=expected):
        check_labels(["Drug", "gene", "disease", "*"], nlp, None)


def test_a_component_that_does_not_tell_its_labels_may_write_any(make_nlp: MakeNlp) -> None:
    check_labels(["Drug"], with_rulers("entity_ruler", "test_pipeline_checks_undeclared"), None)
    check_labels(["Drug"], spacy.blank("en"), None)
    with pytest.raises(ValueError, match="GB-E405"):
        check_labels(["Drug"], make_nlp(), None)  # a linker finds no entities


@pytest.mark.parametrize(
    ("seen", "pipes", "expected"),
    [
        (["disease"], [], [("disease", "Disease")]),
        (["disease", "Disease"], [], []),  # the rule is for other entities
        (["gene"], [], []),
        (["diseases"], ["entity_ruler"], [("diseases", "Disease")]),
    ],
)
def test_rules_that_miss_a_label_are_found(
    seen: list[str], pipes: list[str], expected: list[tuple[str, str]]
) -> None:
    nlp, rules = with_rulers(*pipes), ["Disease", "drug", "*"]
    without = [label for label in seen if label not in rules]
    assert list(missed_rules(without, rules, seen, nlp)) == expected
    assert list(missed_rules(without, rules, seen, None)) == expected


def test_a_rule_for_a_label_of_the_pipeline_is_meant_as_it_is() -> None:
    assert list(missed_rules(["diseases"], ["disease"], ["diseases"], None)) != []
    assert list(missed_rules(["diseases"], ["disease"], [], with_rulers("entity_ruler"))) == []


@pytest.mark.parametrize(
    ("pipes", "spans_key", "expected"),
    [
        (["gliner_biomed_linker", "entity_ruler"], None, ["entity_ruler"]),
        (["gliner_biomed_linker", "span_ruler"], "ruler", ["span_ruler"]),
        (["gliner_biomed_linker", "span_ruler"], "sc", []),  # it writes another group
        (["gliner_biomed_linker", "sentencizer"], None, []),
        (["sentencizer", "gliner_biomed_linker", "entity_ruler"], None, ["entity_ruler"]),
        (["test_pipeline_checks_undeclared", "gliner_biomed_linker", "entity_ruler"], None, []),
        (["entity_ruler", "gliner_biomed_linker"], None, []),
    ],
)
def test_what_writes_the_entities_after_the_linker(
    pipes: list[str], spans_key: str | None, expected: list[str]
) -> None:
    nlp = with_rulers(*pipes)
    linker = nlp.get_pipe("gliner_biomed_linker")
    assert later_writers(nlp, linker, spans_key) == expected


def test_spacy_tells_that_a_linker_needs_entities(make_nlp: MakeNlp) -> None:
    needed = ["doc.ents", "token.ent_iob", "token.ent_type"]
    for pipes, expected in [(["gliner_biomed_linker", "entity_ruler"], needed), ([], [])]:
        nlp = with_rulers(*pipes) if pipes else make_nlp()
        analysis: Any = nlp.analyze_pipes()
        assert analysis["problems"]["gliner_biomed_linker"] == expected
