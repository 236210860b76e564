"""Routes, answers and errors, asked of a running server."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.page.concept_links import concept_url
from spacy_gliner_biomed.documents.writers import JsonlWriter
from spacy_gliner_biomed.documents.writing.attributes import attribute_kinds
from spacy_gliner_biomed.documents.writing.entities import EntityReader
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.service.app import STATIC
from spacy_gliner_biomed.service.entities import OWN_KEYS
from spacy_gliner_biomed.service.limits import Limits
from tests.service.conftest import TOKEN
from tests.service.serving import Client, Running, running

TEXT = "the aspirin of the patient was a drug of cancer 7"
LABELS = ["gene", {"label": "X", "prompt": "cell", "threshold": 0.3}]


def expected(nlp: Language, text: str, **options: Any) -> list[dict[str, Any]]:
    doc = nlp(text, component_cfg={"gliner_biomed": options})
    group = doc.spans["sc"]
    return [
        {
            "start": span.start_char,
            "end": span.end_char,
            "text": span.text,
            "label": span.label_,
            "score": pytest.approx(score, abs=1e-4),
        }
        for span, score in zip(group, group.attrs["scores"], strict=True)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"labels": LABELS},
        {"threshold": 0.05, "overlap": "nested"},
        {"threshold": 0.05, "multi_label": True, "alignment": "expand"},
    ],
)
def test_entities_are_those_of_nlp(
    client: Client, new_nlp: Callable[..., Language], options: dict[str, Any]
) -> None:
    found = client.entities(TEXT, **options)
    assert found == expected(new_nlp(), TEXT, **options) != []


def test_settings_of_a_request_leave_the_component_as_it_is(
    client: Client, shared_service: Running
) -> None:
    component = shared_service.service.annotator.component
    before = dict(component.cfg)
    client.entities(TEXT, labels=["gene"], threshold=0.9, overlap="nested")
    assert dict(component.cfg) == before


@pytest.mark.filterwarnings("ignore:.*GB-W390")  # of the server
def test_labels_that_find_nothing_are_told(client: Client) -> None:
    first, second = {"label": "A", "prompt": "drug"}, {"label": "B", "prompt": "drug"}

    def hidden(*labels: dict[str, Any], **options: Any) -> Any:
        return client.annotate(TEXT, labels=list(labels), **options).json()["hidden_labels"]

    assert hidden(first, second) == ["B"]
    assert hidden(second, first) == ["A"]
    assert hidden(first, {**second, "threshold": 0.1}, threshold=0.2) == []
    assert hidden(first, second, multi_label=True) == []
    assert client.annotate(TEXT).json()["hidden_labels"] == []


@pytest.mark.filterwarnings("ignore:.*GB-W005")
def test_offsets_in_utf16_units(client: Client) -> None:
    text = "😀 é 👩‍👩 aspirin 😀 cancer"
    units = text.encode("utf-16-le")
    found = client.entities(text, utf16=True, threshold=0.01)
    assert found
    for entity in found:
        assert text[entity["start"] : entity["end"]] == entity["text"]
        piece = units[2 * entity["start_utf16"] : 2 * entity["end_utf16"]]
        assert piece.decode("utf-16-le") == entity["text"]


def test_a_bad_document_has_its_own_error(client: Client) -> None:
    texts = [TEXT, 7, "half \ud83d", "", "x" * 100_001, TEXT]
    reply = client.annotate(texts=texts)
    assert reply.status == 200
    first, *middle, last = reply.json()["documents"]
    assert first == last == {"entities": client.entities(TEXT)}
    codes = [document.get("error", {}).get("code") for document in middle]
    assert codes == ["GB-E243", "GB-E251", None, "GB-E244"]


def test_a_document_on_which_a_component_fails_has_its_own_error(
    new_nlp: Callable[..., Language],
) -> None:
    nlp = new_nlp()

    @Language.component("test_fails")
    def fails(doc: Doc) -> Doc:
        if "secret" in doc.text:
            raise RuntimeError(f"cannot read {doc.text}")
        return doc

    nlp.add_pipe("test_fails")
    with running(nlp) as service:
        reply = service.client().annotate(texts=[TEXT, "a secret drug", TEXT])
        alone = service.client().annotate("a secret drug")
    documents = reply.json()["documents"]
    assert documents[0] == documents[2] != {"entities": []}
    assert documents[1]["error"]["code"] == "GB-E248"
    assert "secret" not in documents[1]["error"]["message"]
    assert (alone.status, alone.code()) == (500, "GB-E248")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "GB-E241"),
        (b"\xff{}", 400, "GB-E241"),
        (b"[" * 100_000, 400, "GB-E241"),
        ([1], 400, "GB-E241"),
        (b'{"text": "a", "text": "b"}', 400, "GB-E241"),
        (b'{"text": "a", "threshold": NaN}', 400, "GB-E241"),
        (b'{"text": "a", "labels": [{"label": "x", "threshold": 1e999}]}', 400, "GB-E241"),
        ({}, 422, "GB-E243"),
        ({"text": TEXT, "texts": [TEXT]}, 422, "GB-E243"),
        ({"text": TEXT, "treshold": 0.3}, 422, "GB-E242"),
        ({"text": TEXT, "threshold": 2}, 422, "GB-E030"),
        ({"text": TEXT, "threshold": "0.5"}, 422, "GB-E243"),
        ({"text": TEXT, "overlap": "both"}, 422, "GB-E243"),
        ({"text": TEXT, "labels": []}, 422, "GB-E243"),
        ({"text": TEXT, "labels": [" "]}, 422, "GB-E023"),
        ({"text": TEXT, "labels": [{"label": "x", "promt": "y"}]}, 422, "GB-E242"),
        ({"text": TEXT, "labels": ["x" * 201]}, 422, "GB-E243"),
        ({"text": TEXT, "labels": [f"label {n}" for n in range(201)]}, 422, "GB-E245"),
        ({"text": TEXT, "labels": ["a <<ENT>> b"]}, 422, "GB-E020"),
        ({"text": TEXT, "labels": ["half \ud800"]}, 422, "GB-E390"),
        ({"text": TEXT, "attributes": ["no_such_thing"]}, 422, "GB-E220"),
        ({"text": TEXT, "attributes": ["concept_url"]}, 422, "GB-E221"),
        ({"text": "x" * 100_001}, 413, "GB-E244"),
        ({"texts": ["a"] * 257}, 413, "GB-E245"),
    ],
)
def test_a_request_that_is_not_allowed(client: Client, body: Any, status: int, code: str) -> None:
    reply = client.request("POST", "/annotate", body)
    assert (reply.status, reply.code()) == (status, code)


def test_an_unknown_setting_is_named_with_the_nearest_known_one(client: Client) -> None:
    message = client.annotate(TEXT, treshold=0.3).json()["error"]["message"]
    assert message.startswith("Unknown key 'treshold'. Did you mean 'threshold'?")


def test_a_query_with_other_parameters_is_refused_everywhere(client: Client) -> None:
    for method, path, allowed in [
        ("POST", "/annotate", "none"),
        ("POST", "/annotate/stream", "labels, relations, threshold, overlap"),
        ("GET", "/labels", "none"),
        ("GET", "/labels/lookup", "label"),
        ("GET", "/health", "none"),
        ("GET", "/ready", "none"),
        ("GET", "/metrics", "none"),
    ]:
        body = {"text": TEXT} if method == "POST" else None
        reply = client.request(method, f"{path}?label=drug&treshold=0.9", body)
        message = reply.json()["error"]["message"]
        assert (reply.status, reply.code()) == (422, "GB-E425"), path
        assert message.startswith(f"{method} {path} does not take ")
        assert "'treshold'" in message
        assert f"takes: {allowed}" in message
    assert client.request("GET", "/?theme=dark").status == 200


def test_messages_name_keys_and_no_options_of_the_command(client: Client) -> None:
    for query, found in [
        ("labels=[", "'['"),
        ("labels=,", "','"),
        ("labels=", "''"),
        ("labels=a;b", "'a;b'"),
        ("relations=%7B%7D", "'{}'"),
    ]:
        reply = client.request("POST", f"/annotate/stream?{query}", b"")
        message = reply.json()["error"]["message"]
        assert (reply.status, reply.code()) == (422, "GB-E426"), query
        assert message.startswith(f"The value {found} of '{query.split('=')[0]}' in the query")
        assert "--" not in message
    for name in ("no_such_thing", "concept_url", "label"):
        message = client.annotate(TEXT, attributes=[name]).json()["error"]["message"]
        assert "'attributes'" in message
        assert "--" not in message
    message = client.request("GET", "/labels/lookup").json()["error"]["message"]
    assert message.startswith("'label' is missing.")


def test_a_repeated_key_and_a_number_that_is_none_are_named(client: Client) -> None:
    for body, problem in [
        (b'{"text": "a", "text": "b"}', "the key 'text' is repeated in an object"),
        (b'{"text": "a", "threshold": -Infinity}', "-Infinity is no finite number"),
        (b'{"text": ', "Expecting value (column 10)"),
    ]:
        reply = client.request("POST", "/annotate", body)
        assert problem in reply.json()["error"]["message"]


def test_a_body_over_the_limit_is_refused(new_nlp: Callable[..., Language]) -> None:
    with running(new_nlp(), Limits(max_bytes=1000)) as service:
        client = service.client()
        for size in (1001, 1_000_000):
            reply = service.client().request("POST", "/annotate", b" " * size)
            assert (reply.status, reply.code()) == (413, "GB-E240")
        assert client.entities(TEXT)


def test_a_body_that_does_not_come_is_not_waited_for(new_nlp: Callable[..., Language]) -> None:
    with running(new_nlp(), Limits(timeout=0.2)) as service:
        client = service.client()
        client.connection.putrequest("POST", "/annotate")
        client.connection.putheader("Content-Length", "10")
        client.connection.endheaders(b"{")
        reply = client.connection.getresponse()
        assert (reply.status, json.loads(reply.read())["error"]["code"]) == (408, "GB-E247")


def test_the_token_is_needed_where_there_is_one(new_nlp: Callable[..., Language]) -> None:
    with running(new_nlp(), token=TOKEN) as service:
        for token in (None, "wrong", TOKEN[:-1], TOKEN + "x", "é"):
            reply = service.client(token).annotate(TEXT)
            assert (reply.status, reply.code()) == (401, "GB-E249")
            assert reply.headers["www-authenticate"] == "Bearer"
        for path in ("/labels", "/metrics", "/labels/lookup?label=x", "/static/../labels"):
            assert service.client().request("GET", path).status in (401, 404), path
        for path in ("/", "/health", "/ready", "/openapi.json", "/static/main.js"):
            assert service.client().request("GET", path).status == 200, path
        assert service.client(TOKEN).entities(TEXT)


def test_the_state_and_unknown_paths(client: Client) -> None:
    assert client.request("GET", "/health").json()["status"] == "ok"
    assert client.request("GET", "/ready").json()["status"] == "ready"
    for method, path, status in [("GET", "/nothing", 404), ("GET", "/annotate", 405)]:
        reply = client.request(method, path)
        assert (reply.status, reply.code()) == (status, "GB-E253")


def test_answers_forbid_other_origins_and_scripts_from_elsewhere(client: Client) -> None:
    for path in ("/", "/static/main.js", "/health", "/nothing"):
        headers = client.request("GET", path, headers={"Origin": "http://other"}).headers
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_metrics_count_documents_and_requests(client: Client) -> None:
    def value(name: str) -> float:
        lines = client.request("GET", "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    names = ('gliner_documents_total{outcome="annotated"}', "gliner_batch_documents_count")
    before = [value(name) for name in names]
    client.annotate(texts=[TEXT, TEXT, TEXT])
    assert value(names[0]) == before[0] + 3
    assert value(names[1]) > before[1]
    assert value("gliner_queue_documents") == 0
    assert value("process_resident_memory_bytes") > 0
    assert value('gliner_component_total{count="words"}') > 0


def test_openapi_has_examples_that_work(client: Client) -> None:
    schema = client.request("GET", "/openapi.json").json()
    content = schema["paths"]["/annotate"]["post"]["requestBody"]["content"]["application/json"]
    assert len(content["examples"]) == 4
    for name, example in content["examples"].items():
        if name == "relations":  # this model finds none; see `test_relations`
            continue
        assert client.request("POST", "/annotate", example["value"]).status == 200
    stream = schema["paths"]["/annotate/stream"]["post"]
    line = stream["requestBody"]["content"]["application/x-ndjson"]["example"]
    assert [answer["id"] for answer in client.stream(line.encode())] == ["note-1"]
    assert {"/labels", "/health", "/ready", "/metrics"} <= set(schema["paths"])
    assert set(schema["components"]["schemas"]["EntityAnswer"]["properties"]) >= OWN_KEYS


def test_concepts_and_attributes_are_those_of_the_command(
    new_nlp: Callable[..., Language],
) -> None:
    nlp = new_nlp()
    Span.set_extension("test_negated", default=False)
    try:

        @Language.component("test_links")
        def links(doc: Doc) -> Doc:
            group = doc.spans["sc"]
            spans = [Span(doc, s.start, s.end, label=s.label, kb_id="MESH:D1") for s in group]
            doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=dict(group.attrs), spans=spans)
            for span in spans:
                span._.test_negated = {"by": {1}}
            return doc

        nlp.add_pipe("test_links")
        with running(nlp) as service:
            found = service.client().entities(TEXT, attributes=["test_negated"])
        stream = BytesIO()
        settings = WriterSettings(attributes=attribute_kinds(["test_negated"]))
        entities = EntityReader(nlp, ["test_negated"])(nlp(TEXT))
        JsonlWriter(stream, settings).write(nlp(TEXT), Record("x"), entities)
    finally:
        Span.remove_extension("test_negated")
    assert {each.pop("concept_url") for each in found} == {concept_url("MESH:D1")}
    assert found == json.loads(stream.getvalue())["entities"]
    assert found[0]["concept_id"] == "MESH:D1"
    assert found[0]["test_negated"] == {"by": [1]}


def test_the_static_files_are_complete(client: Client) -> None:
    for path in STATIC.rglob("*"):
        reply = client.request("GET", f"/static/{path.relative_to(STATIC).as_posix()}")
        assert reply.body == path.read_bytes()
