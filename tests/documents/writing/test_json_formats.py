"""PubAnnotation, Label Studio and Prodigy, against what their documentation says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from tests.documents.writing.samples import NLP, NOTE, Written, documents, sample, write

jsonschema = pytest.importorskip("jsonschema", reason="checks the shapes")


def of(values: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema of an object with these keys, all of them required."""
    return {"type": "object", "properties": values, "required": list(values)}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT: dict[str, Any] = {"type": "string"}
INDEX: dict[str, Any] = {"type": "integer", "minimum": 0}

# labelstud.io/guide/predictions and labelstud.io/tags/labels
LABEL_STUDIO = listed(
    of(
        {
            "data": of({"text": TEXT}),
            "predictions": listed(
                of(
                    {
                        "model_version": TEXT,
                        "result": listed(
                            of(
                                {
                                    "id": TEXT,
                                    "from_name": {"const": "label"},
                                    "to_name": {"const": "text"},
                                    "type": {"const": "labels"},
                                    "value": of(
                                        {
                                            "start": INDEX,
                                            "end": INDEX,
                                            "text": TEXT,
                                            "labels": {**listed(TEXT), "minItems": 1},
                                        }
                                    ),
                                }
                            )
                        ),
                    }
                )
            ),
        }
    )
)
# prodi.gy/docs/api-interfaces#ner_manual
PRODIGY = of(
    {
        "text": TEXT,
        "tokens": listed(
            of({"text": TEXT, "start": INDEX, "end": INDEX, "id": INDEX, "ws": {"type": "boolean"}})
        ),
        "spans": listed(
            of(
                {
                    "start": INDEX,
                    "end": INDEX,
                    "token_start": INDEX,
                    "token_end": INDEX,
                    "label": TEXT,
                }
            )
        ),
        "_view_id": {"enum": ["ner_manual", "spans_manual"]},
    }
)
# pubannotation.org/docs/annotation-format
PUBANNOTATION = listed(
    of(
        {
            "text": TEXT,
            "sourcedb": TEXT,
            "sourceid": TEXT,
            "denotations": listed(
                of({"id": TEXT, "span": of({"begin": INDEX, "end": INDEX}), "obj": TEXT})
            ),
            "attributes": listed(of({"id": TEXT, "subj": TEXT, "pred": TEXT, "obj": {}})),
        }
    )
)


def check(value: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(value)


def test_label_studio_tasks_have_predictions_with_scores_and_what_is_known() -> None:
    (task,) = json.loads(write("labelstudio", sample()))
    assert task["data"] == {"ward": 3, "id": "n1", "text": NOTE}
    (prediction,) = task["predictions"]
    assert prediction["score"] == 0.625
    first, second = prediction["result"]
    assert first["value"] == {"start": 0, "end": 7, "text": "Aspirin", "labels": ["drug"]}
    assert first["meta"]["text"][:2] == ["concept_id: MESH:D001241", "concept_name: Aspirin"]
    assert (first["meta"]["concept_id"], second["meta"]["negex"]) == ("MESH:D001241", True)


def test_prodigy_tasks_have_tokens_and_spans_without_an_answer() -> None:
    (line,) = write("prodigy", sample()).decode().splitlines()
    task = json.loads(line)
    assert "answer" not in task
    assert task["meta"] == {"id": "n1", "ward": 3}
    first, second = task["spans"]
    assert (first["token_start"], first["token_end"], first["score"]) == (0, 0, 0.75)
    tokens = task["tokens"]
    assert tokens[second["token_start"]]["start"] == second["start"]
    assert tokens[second["token_end"]]["end"] == second["end"]
    assert (first["concept_name"], second["negex"]) == ("Aspirin", True)


def test_prodigy_shows_overlapping_spans_in_the_interface_that_can() -> None:
    doc, record, found = sample()
    inner = Entity(16, 23, "organ", 0.4, "gastric")
    task = json.loads(write("prodigy", (doc, record, [*found, inner])))
    assert (task["_view_id"], len(task["spans"])) == ("spans_manual", 3)
    assert json.loads(write("prodigy", sample()))["_view_id"] == "ner_manual"


def test_pubannotation_has_denotations_and_attributes() -> None:
    (document,) = json.loads(write("pubannotation", sample(Record(7, {"sourcedb": "PubMed"}))))
    assert (document["sourcedb"], document["sourceid"]) == ("PubMed", "7")
    assert document["denotations"][0] == {
        "id": "T1",
        "span": {"begin": 0, "end": 7},
        "obj": "drug",
    }
    triples = {(a["subj"], a["pred"]): a["obj"] for a in document["attributes"]}
    assert triples["T1", "concept_id"] == "MESH:D001241"
    assert triples["T2", "negex"] is True
    assert ("T2", "concept_id") not in triples


@settings(max_examples=40)
@given(written=st.lists(documents(), max_size=2))
def test_any_documents_have_the_documented_shapes(written: list[Written]) -> None:
    texts = [doc.text for doc, *_ in written]
    spans = [sorted((e.start, e.end, e.label) for e in found) for *_, found in written]

    tasks = json.loads(write("labelstudio", *written))
    check(tasks, LABEL_STUDIO)
    assert [task["data"]["text"] for task in tasks] == texts
    values = [[each["value"] for each in t["predictions"][0]["result"]] for t in tasks]
    assert [sorted((v["start"], v["end"], *v["labels"]) for v in vs) for vs in values] == spans

    lines = [json.loads(line) for line in write("prodigy", *written).splitlines()]
    for line in lines:
        check(line, PRODIGY)
    assert [line["text"] for line in lines] == texts
    assert [
        sorted((s["start"], s["end"], s["label"]) for s in line["spans"]) for line in lines
    ] == spans

    items = json.loads(write("pubannotation", *written))
    check(items, PUBANNOTATION)
    assert [item["text"] for item in items] == texts
    assert [
        sorted((d["span"]["begin"], d["span"]["end"], d["obj"]) for d in item["denotations"])
        for item in items
    ] == spans


@pytest.mark.parametrize("format_", ["labelstudio", "pubannotation", "bioc-json", "fhir"])
def test_empty_documents_and_no_documents_are_valid_json(format_: str) -> None:
    pytest.importorskip("bioc")
    content = write(format_, (NLP.make_doc(""), Record("a"), []), sample())
    json.loads(content)
    json.loads(write(format_))
