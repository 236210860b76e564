"""A proxy before a language model's server that lets some requests fail."""

import hashlib
import json
import random
import time
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

# Shares of requests that fail, by kind of fault.
FAULTS = {"overloaded": 0.04, "severed": 0.02, "unconstrained": 0.08}


class Proxy(ThreadingHTTPServer):
    """Forwards requests, lets some fail, and counts requests and answers.

    target (str): The URL of the real server.
    timeout (float): The client's timeout in seconds; later answers are not counted.
    """

    def __init__(self, target: str, timeout: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.client_timeout = target, timeout
        self.lock, self.faults = Lock(), Counter[str]()
        self.asked, self.answered = Counter[str](), Counter[str]()

    def fault(self, key: str) -> str:
        """Draw the fault of a request by its key and by how often it came.

        key (str): Identifies the request.
        RETURNS (str): A key of `FAULTS`; empty for none.
        """
        with self.lock:
            rng = random.Random(f"{key} {self.asked[key]}")
            self.asked[key] += 1
            names, shares = list(FAULTS), list(FAULTS.values())
            (fault,) = rng.choices(["", *names], [1 - sum(shares), *shares])
            self.faults[fault or "none"] += 1
        return fault

    def handle_error(self, *_: Any) -> None:
        """Ignore broken connections: the client or the server was killed."""


class Handler(BaseHTTPRequestHandler):
    """Forwards one request."""

    server: Proxy

    def do_POST(self) -> None:
        """Forward the request, or let it fail."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = hashlib.sha256(body).hexdigest()
        fault = self.server.fault(key)
        if fault == "overloaded":
            self.reply(503, b'{"error": "overloaded"}')
            return
        request = json.loads(body) | {"seed": int(key[:6], 16)}  # or all answers are drawn alike
        if fault == "unconstrained":
            del request["response_format"]
        started = time.monotonic()
        status, content = self.forward(json.dumps(request).encode())
        late = time.monotonic() - started > self.server.client_timeout
        if fault == "severed":
            self.reply(status, content, len(content) // 2)
            return
        self.reply(status, content)
        if status == 200 and not late:
            with self.server.lock:
                self.server.answered[key] += 1

    def forward(self, body: bytes) -> tuple[int, bytes]:
        """Return status and content of the real server's answer."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.server.target + self.path[3:], body, headers)
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def reply(self, status: int, content: bytes, length: int | None = None) -> None:
        """Answer with the first part of the content, or all of it."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:length])

    def log_message(self, *_: Any) -> None:
        """Print nothing."""
