"""Starts the service: in a thread of the test, or as the command in a process."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.service.annotator import Annotator
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.server import DrainingServer, open_socket, url_of
from spacy_gliner_biomed.service.service import Service

ROOT = Path(__file__).parents[2]
JSON = {"Content-Type": "application/json"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def code(self) -> str:
        code: str = self.json()["error"]["code"]
        return code


@dataclass
class Client:
    """A client with one connection that stays open."""

    url: str
    token: str | None = None

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        self.used = time.monotonic()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request; a body that is no bytes is sent as JSON."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if time.monotonic() - self.used > 30:  # the server closes it after a while
            self.connection.close()
        self.used = time.monotonic()
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.connection.request(method, path, content, {**JSON, **token, **(headers or {})})
        reply = self.connection.getresponse()
        return Reply(reply.status, dict(reply.getheaders()), reply.read())

    def annotate(self, text: str | None = None, **values: Any) -> Reply:
        return self.request("POST", "/annotate", {"text": text, **values} if text else values)

    def entities(self, text: str, **values: Any) -> list[dict[str, Any]]:
        reply = self.request("POST", "/annotate", {"text": text, **values})
        assert reply.status == 200, reply.body
        (document,) = reply.json()["documents"]
        entities: list[dict[str, Any]] = document["entities"]
        return entities

    def stream(self, lines: bytes, query: str = "") -> list[dict[str, Any]]:
        reply = self.request("POST", f"/annotate/stream?{query}", lines)
        assert reply.status == 200, reply.body
        return [json.loads(line) for line in reply.body.splitlines()]


@dataclass
class Running:
    """A service that runs in a thread."""

    url: str
    service: Service
    server: DrainingServer
    thread: threading.Thread
    clients: list[Client] = field(default_factory=list)

    def client(self, token: str | None = None) -> Client:
        self.clients.append(Client(self.url, token))
        return self.clients[-1]

    def begin_to_stop(self) -> None:
        self.server.handle_exit(signal.SIGTERM, None)


@contextmanager
def running(
    nlp: Language, limits: Limits | None = None, *, token: str | None = None
) -> Iterator[Running]:
    """Serve a pipeline from a thread, on a free port of the loopback."""
    service = Service(Annotator(nlp), limits or Limits())
    server, listening = DrainingServer(service, token), open_socket("127.0.0.1", 0)
    coroutine = server.serve(sockets=[listening])
    thread = threading.Thread(target=lambda: asyncio.run(coroutine), daemon=True)
    found = Running(url_of(listening), service, server, thread)
    thread.start()
    try:
        assert found.client().request("GET", "/health").status == 200
        yield found
    finally:
        for client in found.clients:
            client.connection.close()
        found.begin_to_stop()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def command(*arguments: object) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run `spacy gliner serve` on a free port, and give its address and process."""
    words = [sys.executable, "-m", "spacy", "gliner", "serve", "--port", "0", *map(str, arguments)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            read = []
            for line in process.stderr:
                read.append(line)
                if line.startswith("Serving on "):
                    yield line.split()[2], process
                    break
            else:
                raise AssertionError("".join(read))
        finally:
            process.kill()


@dataclass
class Gate:
    """A component that waits: a test holds documents back, and knows that one has come."""

    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, doc: Doc) -> Doc:
        self.entered.set()
        assert self.opened.wait(30)
        return doc


def add_gate(nlp: Language) -> Gate:
    """Put a gate at the end of a pipeline."""
    gate = Gate()
    Language.component("test_gate", func=gate)
    nlp.add_pipe("test_gate")
    return gate
