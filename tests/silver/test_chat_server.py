import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest

from spacy_gliner_biomed.silver.chat_server import ChatServer
from spacy_gliner_biomed.silver.failures import (
    MALFORMED,
    REFUSED,
    SERVER_ERROR,
    TIMEOUT,
    TOO_LONG,
    UNREACHABLE,
    Failure,
)
from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.reply_cache import ReplyCache
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import ServerSettings
from spacy_gliner_biomed.silver.text_annotator import TextAnnotator
from spacy_gliner_biomed.silver.type_names import TypeNames
from tests.silver.serving import LlmServer

Make = Callable[..., ChatServer]


@pytest.fixture
def make(llm_server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes servers, which are closed after the test; without a key unless one is given."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as stack:

        def build(key: str | None = None, **options: Any) -> ChatServer:
            if key is not None:
                monkeypatch.setenv("OPENAI_API_KEY", key)
            values = {"url": llm_server.url, "model": "tiny", "backoff": 0.01, **options}
            server = ChatServer(ServerSettings(**values), RunCounts(), Event())
            return stack.enter_context(closing(server))

        yield build


def test_an_answer_comes_with_its_tokens(make: Make, llm_server: LlmServer) -> None:
    reply = make(key="secret").ask(PromptBuilder(types=["drug"]).request("Aspirin"))
    assert json.loads(reply.content)["entities"] == [{"id": 0, "text": "Aspirin", "type": "Drug"}]
    assert (reply.complete, reply.prompt_tokens, reply.completion_tokens) == (True, 100, 10)
    (asked,) = llm_server.asked()
    assert (asked["path"], asked["key"]) == ("/v1/chat/completions", "Bearer secret")
    body = asked["body"]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0, 2048)
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["required"] == ["entities", "relations"]


@pytest.mark.parametrize(
    ("constraint", "form"), [("json_object", {"type": "json_object"}), ("none", None)]
)
def test_the_body_of_a_request_can_be_changed(
    make: Make, llm_server: LlmServer, constraint: str, form: object
) -> None:
    extra = {"max_tokens": None, "max_completion_tokens": 5, "top_p": 0.5}
    make(constraint=constraint, body=extra).ask(PromptBuilder().request("x"))
    (asked,) = llm_server.asked()
    body = asked["body"]
    assert (body.get("response_format"), body["max_completion_tokens"]) == (form, 5)
    assert "max_tokens" not in body
    assert asked["key"] is None


@pytest.mark.parametrize("text", ["flaky 1 {}", "severed 1 {}"])
def test_what_may_pass_is_tried_again(make: Make, llm_server: LlmServer, text: str) -> None:
    server = make()
    request = PromptBuilder().request(text.format(time.monotonic_ns()))
    assert server.ask(request).complete
    assert len(llm_server.asked()) == 2
    assert (server.counts["requests:sent"], server.counts["requests:retried"]) == (2, 1)


@pytest.mark.parametrize("word", ["throttled", "postponed"])
def test_a_server_that_asks_to_wait_is_waited_for_by_all_threads(
    make: Make, llm_server: LlmServer, word: str
) -> None:
    server, started = make(backoff=0), time.monotonic()
    server.ask(PromptBuilder().request(f"{word} {time.monotonic_ns()}"))
    assert time.monotonic() - started >= 1
    assert len(llm_server.asked()) == 2
    held, started = make(), time.monotonic()
    first = Thread(target=held.ask, args=[PromptBuilder().request(f"{word} {time.monotonic_ns()}")])
    first.start()
    while not held.counts["requests:retried"]:
        time.sleep(0.001)
    held.ask(PromptBuilder().request("Aspirin"))
    assert time.monotonic() - started >= 1
    first.join()


def test_a_server_that_asks_for_a_day_is_not_asked_again(make: Make, llm_server: LlmServer) -> None:
    with pytest.raises(Failure, match=r"asks to wait for 86,400 s \(1 try\)") as raised:
        make().ask(PromptBuilder().request(f"closed {time.monotonic_ns()}"))
    assert raised.value.kind == SERVER_ERROR
    assert len(llm_server.asked()) == 1


@pytest.mark.parametrize(
    ("text", "kind", "n_tries"),
    [
        ("broken", SERVER_ERROR, 3),
        ("refused", REFUSED, 1),
        ("narrow" + " x" * 300, TOO_LONG, 1),
    ],
)
def test_what_does_not_pass_is_a_failure_that_says_why(
    make: Make, llm_server: LlmServer, text: str, kind: str, n_tries: int
) -> None:
    with pytest.raises(Failure) as raised:
        make(retries=2).ask(PromptBuilder().request(text))
    assert raised.value.kind == kind
    assert "HTTP" in raised.value.reason
    assert len(llm_server.asked()) == n_tries


def test_an_answer_that_takes_too_long_is_not_waited_for(make: Make) -> None:
    server, started = make(timeout=0.3, retries=1), time.monotonic()
    with pytest.raises(Failure) as raised:
        server.ask(PromptBuilder().request("hanging"))
    assert time.monotonic() - started < 2.9
    assert raised.value.kind == TIMEOUT
    assert server.counts["faults:timeout"] == 2


def test_a_server_that_is_not_there_is_a_failure(make: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(Failure) as raised:
            make(url=url, retries=1).ask(PromptBuilder().request("x"))
    assert raised.value.kind == UNREACHABLE
    assert "2 tries" in raised.value.reason


def test_a_wrong_key_ends_the_run_without_showing_the_key(make: Make) -> None:
    with pytest.raises(ValueError, match=r"GB-E120.*a wrong key") as raised:
        make(key="secret").ask(PromptBuilder().request("locked"))
    assert "secret" not in str(raised.value) + repr(make(key="secret").settings)


@pytest.mark.parametrize("key", ["se\ncret", "s\u00e9cret"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(make: Make, key: str) -> None:
    with pytest.raises(ValueError, match=r"GB-E030.*server\.api_key_env") as raised:
        make(key=key)
    assert key not in str(raised.value)


def test_a_key_is_sent_without_the_white_space_around_it(make: Make, llm_server: LlmServer) -> None:
    make(key="secret\n").ask(PromptBuilder().request("x"))
    assert [line["key"] for line in llm_server.asked()] == ["Bearer secret"]


class Odd(BaseHTTPRequestHandler):
    """Answers otherwise than a chat server."""

    status, content = 200, b"<html>"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:9/v1")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(status: int, content: bytes) -> Iterator[str]:
    """The address of a server that always answers so."""
    handler = type("Handler", (Odd,), {"status": status, "content": content})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def server_at(url: str, counts: RunCounts) -> ChatServer:
    return ChatServer(ServerSettings(url=url, model="tiny", backoff=0), counts, Event())


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (200, b"<html>", SERVER_ERROR),
        (200, b'{"choices": []}', SERVER_ERROR),
        (200, b'{"choices": [{"message": {}, "finish_reason": "content_filter"}]}', REFUSED),
        (307, b"", "GB-E120"),
        (413, b"", TOO_LONG),
        (500, b"context size exceeded", TOO_LONG),
    ],
)
def test_odd_answers_are_no_crash(make: Make, status: int, content: bytes, error: str) -> None:
    with serving(status, content) as url, pytest.raises((Failure, ValueError), match=error):
        make(url=url, retries=0).ask(PromptBuilder().request("x"))


def test_an_answer_that_the_server_cannot_read_is_kept_as_a_malformed_one(tmp_path: Path) -> None:
    said = "The model produced output that does not match the expected peg-native format"
    content = json.dumps({"error": {"code": 500, "message": said}}).encode()
    counts, cache = RunCounts(), ReplyCache(tmp_path / "cache")
    with closing(cache), serving(500, content) as url, closing(server_at(url, counts)) as model:
        annotator = TextAnnotator(model, cache, PromptBuilder(), TypeNames(), counts)
        for _ in range(2):
            with pytest.raises(Failure, match=r"HTTP 500.*model produced output") as raised:
                annotator.annotate("Aspirin")
            assert raised.value.kind == MALFORMED
    assert counts["requests:sent"] == counts["answers:malformed"] - counts["replies:cached"] == 2
    assert counts["faults:answer that the server cannot read"] == 2


def test_half_a_character_in_an_answer_is_kept_and_is_no_entity(tmp_path: Path) -> None:
    entities = [{"text": quote, "type": "drug"} for quote in ("Aspirin\ud800", "Aspirin")]
    content = json.dumps({"entities": entities}, ensure_ascii=False)
    received = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    counts, cache = RunCounts(), ReplyCache(tmp_path / "cache")
    with closing(cache), serving(200, received) as url, closing(server_at(url, counts)) as model:
        annotator = TextAnnotator(model, cache, PromptBuilder(), TypeNames(), counts)
        for _ in range(2):
            found = annotator.annotate("Aspirin")
            assert list(found.entities) == [(0, 7, "drug")]
            assert found.counts["mentions:broken"] == 1
    assert counts["replies:cached"] == 1


def test_requests_keep_to_the_number_a_minute(make: Make) -> None:
    server, started = make(requests_per_minute=300), time.monotonic()
    for text in "abc":
        server.ask(PromptBuilder().request(text))
    assert time.monotonic() - started >= 0.4


def test_tokens_that_were_reserved_and_not_used_are_given_back(make: Make) -> None:
    server, started = make(tokens_per_minute=60_000), time.monotonic()
    for text in "abc":
        server.ask(PromptBuilder(max_tokens=1_000_000).request(text))
    assert time.monotonic() - started < 60


def test_the_end_of_a_run_ends_waiting_and_asks_for_nothing(
    make: Make, llm_server: LlmServer
) -> None:
    server = make(backoff=1000, retries=3)
    Timer(0.5, server.stopped.set).start()
    for text in ("broken", "Aspirin"):
        with pytest.raises(Failure):
            server.ask(PromptBuilder().request(text))
    assert llm_server.texts() == ["broken"]
