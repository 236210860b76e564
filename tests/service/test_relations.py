"""Relations in requests and answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from spacy.language import Language

from tests.service.conftest import tiny_nlp
from tests.service.serving import Client, running
from tests.tiny import tiny_checkpoint

TEXT = "the drug aspirin treats cancer of the patient and no gene was there"
LABELS = ["disease", "drug"]
RELATIONS = [
    "causes",
    {
        "relation": "TREATS",
        "prompt": "treats",
        "threshold": 0.05,
        "head": "disease",
        "tail": LABELS,
    },
]


@pytest.fixture(scope="module")
def nlp(tmp_path_factory: pytest.TempPathFactory) -> Language:
    folder = tmp_path_factory.mktemp("related")
    return tiny_nlp(tiny_checkpoint(folder, relations_layer="none"), threshold=0.4)


@pytest.fixture(scope="module")
def related(nlp: Language) -> Iterator[Client]:
    with running(nlp) as service:
        yield service.client()


def expected(nlp: Language, **options: Any) -> dict[str, Any]:
    """What the pipeline itself finds: offsets of entities, and relations as their indices."""
    doc = nlp(TEXT, component_cfg={"gliner_biomed": options})
    ends = [(span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]]

    def index(span: Any) -> int:
        return ends.index((span.start_char, span.end_char, span.label_))

    relations = [
        {
            "head": index(relation.head),
            "tail": index(relation.tail),
            "label": relation.label,
            "score": pytest.approx(relation.score, abs=1e-4),
        }
        for relation in doc._.relations
    ]
    return {"entities": ends, "relations": relations}


def test_relations_are_those_of_nlp(related: Client, nlp: Language) -> None:
    answer = related.annotate(TEXT, labels=LABELS, relations=RELATIONS).json()
    (document,) = answer["documents"]
    wanted = expected(nlp, labels=LABELS, relations=RELATIONS)
    found = [(each["start"], each["end"], each["label"]) for each in document["entities"]]
    assert found == wanted["entities"]
    assert {each["label"] for each in wanted["relations"]} == {"causes", "TREATS"}
    assert document["relations"] == wanted["relations"]


def test_an_answer_has_relations_only_if_they_are_asked_for(related: Client) -> None:
    for further in ({}, {"relations": []}):
        (document,) = related.annotate(TEXT, **further).json()["documents"]
        assert list(document) == ["entities"]
    (document,) = related.annotate(texts=[""], relations=["causes"]).json()["documents"]
    assert document == {"entities": [], "relations": []}


def test_streams_take_words_or_json(related: Client) -> None:
    line = json.dumps({"text": TEXT, "relations": "old", "ward": 3}).encode()
    (words,) = related.stream(line, "relations=causes,is_treated_by")
    assert words["relations"]
    assert {each["label"] for each in words["relations"]} <= {"causes", "is_treated_by"}
    (found,) = related.stream(line, f"labels=disease,drug&relations={quote(json.dumps(RELATIONS))}")
    (document,) = related.annotate(TEXT, labels=LABELS, relations=RELATIONS).json()["documents"]
    assert found == {"id": 1, "ward": 3, **document}
    (without,) = related.stream(line)
    assert without["relations"] == "old"


@pytest.mark.parametrize(
    ("relations", "code"),
    [
        ([{"relation": "treats", "head": ["drugs"]}], "GB-E362"),
        ([{"relation": "treats", "heads": ["drug"]}], "GB-E242"),
        ([{"relation": " "}], "GB-E282"),
        ([{"relation": "treats", "threshold": 2.0}], "GB-E030"),
        ([7], "GB-E243"),
        ("treats", "GB-E243"),
        (["x" * 201], "GB-E243"),
        ([{"relation": "treats", "tail": ["drug", "x" * 201]}], "GB-E243"),
        (["x"] * 201, "GB-E245"),
    ],
)
def test_wrong_relations_are_refused(related: Client, relations: Any, code: str) -> None:
    reply = related.annotate(TEXT, relations=relations)
    assert (reply.status, reply.code()) == (422, code)


def test_a_misspelt_key_is_named(related: Client) -> None:
    relations = [{"relation": "treats", "heads": ["drug"]}]
    message = related.annotate(TEXT, relations=relations).json()["error"]["message"]
    assert "Did you mean 'head'?" in message


def test_a_model_without_relations_says_so(client: Client) -> None:
    reply = client.annotate(TEXT, relations=["causes", "treats"])
    assert (reply.status, reply.code()) == (422, "GB-E361")
    assert "'causes', 'treats'" in reply.json()["error"]["message"]
    stream = client.request("POST", "/annotate/stream?relations=causes", b"{}\n")
    assert (stream.status, stream.code()) == (422, "GB-E361")
    broken = client.request("POST", "/annotate/stream?relations=[", b"{}\n")
    assert (broken.status, broken.code()) == (422, "GB-E426")


def test_labels_tell_whether_there_are_relations(related: Client, client: Client) -> None:
    assert related.request("GET", "/labels").json()["finds_relations"] is True
    answer = client.request("GET", "/labels").json()
    assert (answer["finds_relations"], answer["defaults"]["relations"]) == (False, [])


def test_the_servers_relations_are_the_default(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path, relations_layer="none")
    treats = {"relation": "treats", "head": ["drug"]}
    with running(tiny_nlp(checkpoint, relations=["causes", treats])) as service:
        client = service.client()
        (document,) = client.annotate(TEXT).json()["documents"]
        assert "relations" in document
        (other,) = client.annotate(TEXT, labels=["gene"]).json()["documents"]
        assert {each["label"] for each in other["relations"]} <= {"causes"}
        (without,) = client.annotate(TEXT, relations=[]).json()["documents"]
        assert list(without) == ["entities"]


def test_the_example_of_the_schema_can_be_asked(related: Client) -> None:
    schema = related.request("GET", "/openapi.json").json()
    body = schema["paths"]["/annotate"]["post"]["requestBody"]["content"]["application/json"]
    example = body["examples"]["relations"]["value"]
    (document,) = related.request("POST", "/annotate", example).json()["documents"]
    assert set(document) == {"entities", "relations"}
    assert {"head", "tail"} <= set(schema["components"]["schemas"]["RelationAnswer"]["properties"])
