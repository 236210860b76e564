"""moto's S3 server on this machine, which fails and is slow when a test says so."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

import pytest

moto_server = pytest.importorskip("moto.server", reason="needs the extra 'test'")
serving = pytest.importorskip("werkzeug.serving", reason="needs the extra 'test'")
pytest.importorskip("s3fs", reason="needs the extra 'storage'")

BUCKET = "corpora"


@dataclass
class Fault:
    """What happens to the next requests of a kind.

    method (str): The HTTP method.
    part (str): What their path contains.
    times (int): How many.
    effect (str): "refuse" answers 503 and does nothing; "lose" does it and answers 500; "delay"
        does it late.
    seconds (float): Of the delay.
    """

    method: str
    part: str
    times: int
    effect: str
    seconds: float = 0.5


@dataclass
class S3Server:
    """The server, with the faults that are still to come, and what was asked of it."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def options(self) -> dict[str, Any]:
        """What fsspec needs to reach it."""
        return {"endpoint_url": self.url, "key": "k", "secret": "s"}

    def fail(self, method: str, part: str, times: int, effect: str = "refuse") -> None:
        self.faults.append(Fault(method, part, times, effect))

    def wrap(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            fault = self._next(method, path)
            if fault is None:
                return app(environ, start)
            if fault.effect == "delay":
                time.sleep(fault.seconds)
                return app(environ, start)
            if fault.effect == "lose":
                list(app(environ, lambda *_: None))
            else:  # a connection is kept only if the body is read
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return [b""]

        return call

    def _next(self, method: str, path: str) -> Fault | None:
        with self.lock:
            self.log.append((method, path))
            for fault in self.faults:
                if fault.times and fault.method == method and fault.part in path:
                    fault.times -= 1
                    return fault
            return None


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server with an empty bucket."""
    made = S3Server()
    app = moto_server.DomainDispatcherApplication(moto_server.create_backend_app)
    options = {"threaded": True, "request_handler": _quiet_handler()}
    server = serving.make_server("127.0.0.1", 0, made.wrap(app), **options)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _quiet_handler() -> Any:
    class Handler(serving.WSGIRequestHandler):  # type: ignore[misc, name-defined]
        def log(self, *_: object) -> None:
            """Print no line for each request."""

    return Handler
