"""Prodigy, doccano and PubAnnotation, after their documentation."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS, read_format, read_texts
from spacy_gliner_biomed.training.record_checks import Counts

TEXT = "Zinc for fever."
SPANS = [(0, 4, "drug"), (9, 14, "symptom")]


def read(path: Path, name: str, *records: Any, array: bool = False) -> list[AnnotatedText]:
    lines = json.dumps(records) if array else "\n".join(map(json.dumps, records))
    path.write_text(lines, encoding="utf8")
    return list(read_format(path, name))


def prodigy(answer: str = "accept", **values: Any) -> dict[str, Any]:
    spans = [{"start": a, "end": b, "token_start": 0, "label": label} for a, b, label in SPANS]
    return {"text": TEXT, "spans": spans, "answer": answer, "_task_hash": 1, **values}


def test_prodigy_spans_may_have_several_concepts(tmp_path: Path) -> None:
    span = {"start": 0, "end": 4, "label": "drug", "concept_id": ["D1", "D2"]}
    (text,) = read(tmp_path / "a.jsonl", "prodigy", {**prodigy(), "text": "Zinc", "spans": [span]})
    assert text.concepts == [(0, 4, "drug", "D1,D2")]


def test_prodigy_examples_that_were_not_accepted_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records = [prodigy(meta={"id": "x"}), prodigy("reject"), prodigy("ignore"), prodigy(id=3)]
    with pytest.warns(UserWarning, match=r"GB-W200\] In .*a\.jsonl, 2 examples were"):
        found = read(path, "prodigy", *records)
    assert [(text.name, text.text, list(text.spans)) for text in found] == [
        ("x", TEXT, SPANS),
        ("3", TEXT, SPANS),
    ]
    texts = read_texts(path, "prodigy", ReadOptions())  # their entities are not wanted
    assert [text.text for text in texts] == [TEXT] * 4


def test_prodigy_relations_are_counted_and_spans_may_be_missing(tmp_path: Path) -> None:
    relation = {"head": 0, "child": 1, "label": "treats"}
    with pytest.warns(UserWarning, match=r"GB-W163\].* 1 "):
        first, second = read(
            tmp_path / "a.json", "prodigy", prodigy(relations=[relation]), {"text": "b"}, array=True
        )
    assert (list(first.spans), list(second.spans)) == (SPANS, [])


@pytest.mark.parametrize(
    "record",
    [
        {"id": 5, "text": TEXT, "label": [list(span) for span in SPANS]},
        {"id": 5, "text": TEXT, "labels": [list(span) for span in SPANS]},
        {
            "id": 5,
            "text": TEXT,
            "entities": [
                {"id": i, "start_offset": a, "end_offset": b, "label": label}
                for i, (a, b, label) in enumerate(SPANS)
            ],
            "relations": [{"id": 0, "from_id": 0, "to_id": 1, "type": "treats"}],
        },
    ],
)
@pytest.mark.filterwarnings("ignore:.*GB-W163")
def test_doccano_in_all_its_shapes(tmp_path: Path, record: dict[str, Any]) -> None:
    (text,) = read(tmp_path / "a.jsonl", "doccano", record)
    assert (text.name, list(text.spans)) == ("5", SPANS)
    counts = Counts()
    list(FORMATS["doccano"].read(tmp_path / "a.jsonl", ReadOptions(), counts))
    assert counts["no entities"] == len(record.get("relations", []))


def denotation(begin: Any, end: Any, obj: Any) -> dict[str, Any]:
    return {"id": "T1", "span": {"begin": begin, "end": end}, "obj": obj}


def test_pubannotation_documents_and_tracks(tmp_path: Path) -> None:
    document = {
        "text": TEXT,
        "sourcedb": "PubMed",
        "sourceid": "12",
        "divid": 0,
        "denotations": [denotation(*SPANS[0])],
        "tracks": [{"project": "p", "denotations": [denotation(*SPANS[1]), denotation(*SPANS[0])]}],
        "relations": [{"id": "R1", "subj": "T1", "pred": "treats", "obj": "T2"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(document, indent=1))  # one, over several lines
    with pytest.warns(UserWarning, match=r"GB-W163\].* 1 "):
        (text,) = read_format(tmp_path / "a.json")
    assert (text.name, list(text.spans)) == ("PubMed:12:0", SPANS)


def test_pubannotation_fragments_are_one_counted_span(tmp_path: Path) -> None:
    parts = {"id": "T1", "span": [{"begin": 9, "end": 14}, {"begin": 0, "end": 4}], "obj": "x"}
    with pytest.warns(UserWarning, match=r"GB-W162\].* 1 discontinuous entity was"):
        (text,) = read(tmp_path / "a.json", "pubannotation", {"text": TEXT, "denotations": [parts]})
    assert list(text.spans) == [(0, 14, "x")]


@pytest.mark.parametrize(
    ("name", "record", "complaint"),
    [
        ("prodigy", {"text": 3}, "'text' must be a string; found int"),
        ("prodigy", [1], "found list instead of an object|found int"),
        ("prodigy", {"spans": []}, "there is no 'text'"),
        ("prodigy", {"text": "a", "spans": 3}, "'spans' must be a list"),
        ("prodigy", {"text": "a", "spans": [{"start": 0}]}, "no 'end' and 'label'"),
        ("prodigy", {"text": "a", "answer": "yes"}, "'answer' must be one of accept"),
        ("doccano", {"text": "a", "label": [[0, 1]]}, r"must be \[start, end, label\]"),
        ("doccano", {"text": "a", "label": [[0, 9, "x"]]}, "outside"),
        ("doccano", {"text": "a"}, "there is no 'entities'"),
        ("doccano", {"text": "a", "entities": [{"label": "x"}]}, "no 'start_offset'"),
        ("pubannotation", {"text": "a"}, "there is no 'denotations'"),
        ("pubannotation", {"text": "a", "denotations": [denotation("0", 1, "x")]}, "whole numbers"),
        ("pubannotation", {"text": "a", "denotations": [denotation(0, 1, None)]}, "a label must"),
        ("pubannotation", {"text": "a", "denotations": [{"span": [], "obj": "x"}]}, "no offsets"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, record: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.jsonl, line 2: .*({complaint})"):
        read(tmp_path / "a.jsonl", name, {**prodigy(), "label": [], "denotations": []}, record)


def test_lines_of_another_format_are_not_read_as_tasks_without_entities(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Zinc", "entities": [{"start": 0, "end": 4, "label": "drug"}]}')
    with pytest.raises(ValueError, match=r"E060.*there is no 'spans'.*entities"):
        read_format(path, "prodigy")
    path.write_text('{"text": "Zinc", "answer": "accept"}')
    (text,) = read_format(path, "prodigy")
    assert text.spans == []
