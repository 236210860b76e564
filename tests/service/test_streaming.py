"""JSON lines in and out."""

import json
import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from spacy.language import Language

from spacy_gliner_biomed.service.limits import Limits
from tests.service.serving import Client, Running, add_gate, running

TEXT = "the aspirin of the patient was a drug of cancer 7"


class RawStream:
    """A connection on which a test sends pieces of a body when it likes."""

    def __init__(self, service: Running, query: str = "") -> None:
        host, port = urlsplit(service.url).netloc.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        head = f"POST /annotate/stream?{query} HTTP/1.1\r\nHost: {host}\r\n"
        self.socket.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        self.file = self.socket.makefile("rb")

    def send(self, *lines: object) -> None:
        for line in lines:
            content = json.dumps(line).encode() + b"\n"
            self.socket.sendall(b"%x\r\n%s\r\n" % (len(content), content))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def head(self) -> bytes:
        lines = iter(self.file.readline, b"\r\n")
        return b"".join(lines)

    def answer(self) -> dict[str, object]:
        size = int(self.file.readline(), 16)
        content = self.file.read(size)
        self.file.readline()
        answer: dict[str, object] = json.loads(content)
        return answer

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_each_line_has_its_answer_in_order(client: Client) -> None:
    lines = [
        {"id": "a", "text": TEXT, "ward": "x", "entities": ["old"]},
        {"text": 7},
        {"text": TEXT, "id": None},
        {"text": "half \ud83d"},
    ]
    body = b"\n".join([*(json.dumps(line).encode() for line in lines), b"", b"{", b"\xff", b"[]"])
    first, second, third, fourth, *broken = client.stream(body)
    entities = client.entities(TEXT)
    assert first == {"id": "a", "ward": "x", "entities": entities}
    assert third == {"id": 3, "entities": entities}
    assert (second["id"], second["error"]["code"]) == (2, "GB-E243")
    assert fourth["error"]["code"] == "GB-E251"
    assert [(line["id"], line["error"]["code"]) for line in broken] == [
        (6, "GB-E052"),
        (7, "GB-E052"),
        (8, "GB-E052"),
    ]


def test_settings_are_in_the_query(client: Client) -> None:
    line = json.dumps({"text": f"😀 {TEXT}"}).encode()
    labels = '[{"label":"X","prompt":"cell","threshold":0.1},"gene"]'
    query = f"labels={labels}&threshold=0.05&overlap=nested&multi_label=true&utf16=1"
    (answer,) = client.stream(line, query.replace('"', "%22"))
    expected = client.entities(
        f"😀 {TEXT}",
        labels=json.loads(labels),
        threshold=0.05,
        overlap="nested",
        multi_label=True,
        utf16=True,
    )
    assert answer["entities"] == expected != []
    (answer,) = client.stream(line, "labels=gene,cell&alignment=expand")
    assert {entity["label"] for entity in answer["entities"]} <= {"gene", "cell"}


def test_lists_in_the_query_may_be_repeated(client: Client) -> None:
    line = json.dumps({"text": TEXT}).encode()
    (answer,) = client.stream(line, "labels=disease&threshold=0.05&labels=drug,gene")
    expected = client.entities(TEXT, labels=["disease", "drug", "gene"], threshold=0.05)
    assert answer["entities"] == expected != []


def test_keys_of_results_are_not_repeated_from_the_line(client: Client) -> None:
    old = {"error": {"code": "OLD"}, "entities": ["old"], "relations": [{"head": 0, "tail": 7}]}
    lines = [{"id": "a", "text": TEXT, "ward": "x", **old}, {"text": 7, **old}]
    right, wrong = client.stream(b"\n".join(json.dumps(line).encode() for line in lines))
    assert right == {"id": "a", "ward": "x", "entities": client.entities(TEXT)}
    assert (list(wrong), wrong["error"]["code"]) == (["id", "error"], "GB-E243")


def test_a_number_that_is_not_finite_fails_alone_and_each_answer_is_json(client: Client) -> None:
    lines = [b'{"text": "a", "x": NaN}', b'{"text": "a", "x": [1e999]}', b'{"text": "a", "x": 1e9}']
    *wrong, right = client.stream(b"\n".join(lines))
    assert [each["error"]["code"] for each in wrong] == ["GB-E052", "GB-E052"]
    assert "line 2: 1e999 is no finite number" in wrong[1]["error"]["message"]
    assert right["x"] == 1e9


def test_wrong_settings_are_refused_before_the_first_line(client: Client) -> None:
    for query, code in [
        ("tresh=1", "GB-E425"),
        ("threshold=high", "GB-E243"),
        ("threshold=2", "GB-E030"),
        ("labels=[", "GB-E426"),
        ("labels=,", "GB-E426"),
        ("attributes=nothing", "GB-E220"),
        ("threshold=0.5&threshold=0.4", "GB-E243"),
        ("utf16=1&labels=drug&utf16=1", "GB-E243"),
        ("tresh=1&tresh=1", "GB-E425"),
        ("labels=drug&labels=[", "GB-E426"),
    ]:
        reply = client.request("POST", f"/annotate/stream?{query}", b"{}\n")
        assert (reply.status, reply.code()) == (422, code), query


def test_a_line_over_the_limit_fails_alone(new_nlp: Callable[..., Language]) -> None:
    body = b"\n".join([b'{"text": "drug"}', b" " * 5000, b'{"text": "drug"}'])
    with running(new_nlp(), Limits(max_bytes=1000)) as service:
        first, second, third = service.client().stream(body)
    assert first["entities"] == third["entities"]
    assert (second["id"], second["error"]["code"]) == (2, "GB-E240")


def test_answers_come_while_lines_go(shared_service: Running) -> None:
    stream = RawStream(shared_service)
    stream.send({"text": TEXT, "id": 1})
    assert stream.head().startswith(b"HTTP/1.1 200")
    assert stream.answer()["id"] == 1
    stream.send({"text": TEXT, "id": 2})
    assert stream.answer()["id"] == 2
    stream.end()
    assert stream.file.readline() == b"0\r\n"
    stream.close()


def test_memory_is_bounded_since_lines_wait_for_their_turn(
    new_nlp: Callable[..., Language],
) -> None:
    nlp = new_nlp()
    gate = add_gate(nlp)
    limits = Limits(stream_documents=4, batch_documents=2, queue=3)
    n = 100
    with running(nlp, limits) as service:
        stream = RawStream(service)
        stream.send(*({"text": TEXT} for _ in range(n)))
        stream.end()
        assert gate.entered.wait(30)
        time.sleep(0.2)  # in which a server without bounds would read all lines
        taken = service.service.metrics.characters._value.get() / len(TEXT)
        assert taken <= 2 + 3 + 1
        gate.opened.set()
        stream.head()
        assert [stream.answer()["id"] for _ in range(n)] == [*range(1, n + 1)]
        stream.close()


def test_a_client_that_leaves_frees_its_places(new_nlp: Callable[..., Language]) -> None:
    nlp = new_nlp()
    gate = add_gate(nlp)
    with running(nlp, Limits(batch_documents=1)) as service:
        stream = RawStream(service)
        stream.send(*({"text": TEXT} for _ in range(20)))
        assert gate.entered.wait(30)
        until(lambda: service.service.batcher.waiting == 19)
        stream.close()
        until(lambda: service.service.batcher.waiting == 0)
        gate.opened.set()
        assert service.client().entities(TEXT)  # the others are served


def test_a_client_that_leaves_after_its_last_line_frees_its_places(
    new_nlp: Callable[..., Language],
) -> None:
    nlp = new_nlp()
    gate = add_gate(nlp)
    with running(nlp, Limits(batch_documents=1)) as service:
        stream = RawStream(service)
        stream.send(*({"text": TEXT} for _ in range(20)))
        stream.end()
        assert gate.entered.wait(30)
        until(lambda: service.service.batcher.waiting == 19)
        stream.close()
        until(lambda: service.service.batcher.waiting == 0)
        gate.opened.set()


def test_a_pause_ends_the_stream_with_an_error(new_nlp: Callable[..., Language]) -> None:
    with running(new_nlp(), Limits(timeout=0.5)) as service:
        stream = RawStream(service)
        stream.send({"text": TEXT})
        stream.head()
        assert "entities" in stream.answer()
        error = stream.answer()["error"]
        assert isinstance(error, dict)
        assert error["code"] == "GB-E247"
        stream.close()


def test_a_server_that_stops_answers_what_it_has_read(new_nlp: Callable[..., Language]) -> None:
    with running(new_nlp()) as service:
        stream = RawStream(service)
        stream.send({"text": TEXT}, {"text": TEXT})
        stream.head()
        assert [stream.answer()["id"], stream.answer()["id"]] == [1, 2]
        threading.Thread(target=service.begin_to_stop).start()
        error = stream.answer()["error"]
        assert isinstance(error, dict)
        assert error["code"] == "GB-E250"
        assert "2 lines" in error["message"]
        stream.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
