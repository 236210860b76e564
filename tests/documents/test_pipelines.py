import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.pipelines import (
    complete_entries,
    configure,
    find_component,
    get_pipeline,
    parse_labels,
    parse_relations,
    stream_docs,
)

MakeNlp = Callable[..., Language]


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (None, None),
        ("disease", ["disease"]),
        (" disease,, drug dosage ,", ["disease", "drug dosage"]),
        ('["A_B", {"label": "A_B"}]', ["A_B", {"label": "A_B"}]),
        ('["a, b", {"label": "D", "prompt": "drug"}]', ["a, b", {"label": "D", "prompt": "drug"}]),
        (["a, b", '["c, d"]', "e"], ["a", "b", "c, d", "e"]),
        ([], None),
    ],
)
def test_labels_are_words_or_json(value: str | list[str] | None, labels: object) -> None:
    assert parse_labels(value) == labels


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "E054"),
        (" , ", "E054"),
        ("[]", "E054"),
        ("['a']", "E058"),
        ('{"a": "b"}', "E058"),
        ("a; b", "E058"),
        ("a|b", "E058"),
        ("[" * 100_000, "E058"),
    ],
)
def test_no_labels_and_broken_json_are_said(value: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"GB-{code}"):
        parse_labels(value)


def test_relations_are_words_or_json() -> None:
    assert parse_relations(None) is None
    assert parse_relations("") == parse_relations("[]") == []
    assert parse_relations("is_caused_by, treats") == ["is_caused_by", "treats"]
    entry = {"relation": "treats", "head": ["drug"]}
    assert parse_relations(f'["is_caused_by", {json.dumps(entry)}]') == ["is_caused_by", entry]
    with pytest.raises(ValueError, match="GB-E360"):
        parse_relations("[treats]")


def test_names_are_asked_for_in_words_unless_the_component_has_them() -> None:
    in_words = {"label": "CellLine", "prompt": "cell line"}
    assert complete_entries(["DNA", "CellLine"], []) == ["DNA", in_words]
    assert complete_entries([{"label": "A_B"}], []) == [{"label": "A_B"}]
    assert complete_entries(["CellLine"], ["CellLine", "DNA"]) == ["CellLine"]
    known = [{"label": "CellLine", "prompt": p, "threshold": 0.9} for p in ("line", "culture")]
    assert complete_entries(["gene", "CellLine"], known) == ["gene", *known]
    assert complete_entries([{"label": "CellLine"}], known) == [{"label": "CellLine"}]


def test_names_of_relations_keep_their_ends_and_thresholds() -> None:
    known = [{"relation": "is_caused_by", "prompt": "due to", "head": ["disease"]}]
    in_words = {"relation": "treatedWith", "prompt": "treated with"}
    asked = ["is_caused_by", "treatedWith"]
    assert complete_entries(asked, known, "relation") == [*known, in_words]


def test_configured_labels_keep_the_prompts_of_the_pipeline(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(labels=[{"label": "FINDING_X", "prompt": "disease", "threshold": 0.9}])
    configure(nlp, {"labels": ["FINDING_X", "CELL_LINE"]})
    asked = [(spec.prompt, spec.threshold) for spec in find_component(nlp).settings().labels]
    assert asked == [("disease", 0.9), ("cell line", None)]


def test_configured_settings_reach_the_component_and_others_stay(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(threshold=0.25)
    configure(nlp, {"labels": ["gene"], "overlap": "nested", "threshold": None})
    settings = find_component(nlp).settings()
    assert (settings.overlap, settings.threshold) == ("nested", 0.25)
    assert [spec.label for spec in settings.labels] == ["gene"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"labels": []}, "GB-E054"),
        ({"threshold": 1.5}, "GB-E030.*'threshold'"),
        ({"alignment": "none"}, "GB-E030.*'alignment'"),
        ({"device": "cuda:99"}, "GB-E033"),
        ({"labels": ["<<ENT>>"]}, "GB-E020"),
    ],
)
def test_what_does_not_work_is_said_before_the_first_document(
    make_nlp: MakeNlp, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        configure(make_nlp(), options)


def test_pipeline_needs_exactly_one_component(make_nlp: MakeNlp) -> None:
    with pytest.raises(ValueError, match=r"GB-E057.*has 0"):
        find_component(spacy.blank("en"))
    nlp = make_nlp()
    nlp.add_pipe("gliner_biomed", name="second")
    with pytest.raises(ValueError, match=r"GB-E057.*has 2.*gliner_biomed, second"):
        find_component(nlp)


def test_checkpoint_beside_a_pipeline_is_refused() -> None:
    with pytest.raises(ValueError, match=r"GB-E030.*--pipeline"):
        get_pipeline("saved", lang="en", checkpoint="packaged", revision=None)


def test_text_of_more_than_a_million_characters_is_no_problem(uni_span: Path) -> None:
    nlp = get_pipeline(None, lang="en", checkpoint=str(uni_span), revision=None)
    configure(nlp, {"labels": ["drug"]})
    assert len(nlp.make_doc("a" * 1_000_001).text) == 1_000_001


def test_documents_stream_and_memory_does_not_grow(make_nlp: MakeNlp) -> None:
    nlp, counts, sizes = make_nlp(), Counter[str](), []
    jobs = ((f"unseen{i:02}word", Record(i)) for i in range(40))
    for doc, record in stream_docs(nlp, jobs, counts, batch_size=8, n_process=1):
        assert doc.text == f"unseen{record.id:02}word"
        assert counts["read"] == record.id // 8 * 8 + 8
        sizes.append(len(nlp.vocab.strings))
    assert sizes[:8] == sizes[-8:]


def test_failing_document_is_named_and_the_others_come(
    make_nlp: MakeNlp, capsys: pytest.CaptureFixture[str]
) -> None:
    nlp, counts = make_nlp(), Counter[str]()

    @Language.component("fails_on_bad")
    def fails_on_bad(doc: Doc) -> Doc:
        if doc.text == "bad":
            raise ValueError("this one is bad")
        return doc

    nlp.add_pipe("fails_on_bad")

    def jobs() -> Iterator[tuple[str, Record]]:
        for name in ("good", "bad", "fine"):
            yield name, Record(f"{name}.txt")

    docs = [record.id for _, record in stream_docs(nlp, jobs(), counts, batch_size=2, n_process=1)]
    assert docs == ["good.txt", "fine.txt"]
    assert counts["read"] == 3
    assert "bad.txt: this one is bad" in capsys.readouterr().err


def test_a_text_that_is_too_long_is_named_and_the_others_come(
    make_nlp: MakeNlp, capsys: pytest.CaptureFixture[str]
) -> None:
    nlp, counts = make_nlp(), Counter[str]()
    nlp.max_length = 10
    jobs = iter([("short", Record("a.txt")), ("much too long", Record("b.txt"))])
    docs = [doc.text for doc, _ in stream_docs(nlp, jobs, counts, batch_size=2, n_process=1)]
    assert (docs, counts["read"]) == (["short"], 2)
    assert "b.txt: [E088]" in capsys.readouterr().err
