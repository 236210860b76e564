"""Asks an OpenAI-compatible server: vLLM, llama.cpp, Ollama, transformers serve, and services."""

import json
import re
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from random import random
from threading import Event
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import (
    REFUSED,
    SERVER_ERROR,
    TIMEOUT,
    TOO_LONG,
    UNREACHABLE,
    Failure,
)
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest
from spacy_gliner_biomed.silver.rate_limit import RateLimiter
from spacy_gliner_biomed.silver.reply_cache import Reply
from spacy_gliner_biomed.silver.retry_after import retry_seconds
from spacy_gliner_biomed.silver.run_counts import RunCounts

# How a server is asked to constrain decoding.
CONSTRAINTS = ("json_schema", "json_object", "none")

TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
UNUSABLE = {401, 403, 404, 405}  # nothing that another text would change
OVERLONG = re.compile(r"context|too (long|large|many tokens)|maximum.{0,40}(token|length)", re.I)
# llama.cpp's 500 for a whole answer that it cannot read, such as one with half a character.
UNREADABLE = re.compile(r"model produced output that does not match", re.I)
LONGEST_WAIT = 60.0  # seconds between two tries, if the server asks for none
LONGEST_RETRY_AFTER = 3600.0  # seconds; a server that asks for more is not waited for
CHARACTERS_A_TOKEN = 3  # to reserve tokens before the server has counted them; few, for safety


@dataclass(frozen=True)
class Access:
    """Where the server is, and how it is treated.

    url (str): Its base, as in "http://127.0.0.1:8000/v1".
    key (str): Sent as bearer token; empty for none.
    constraint (str): One of `CONSTRAINTS`.
    body (dict[str, Any]): Further fields of each request; None removes one.
    timeout (float): Seconds that one answer may take.
    retries (int): Further tries where the fault may pass.
    backoff (float): Seconds before the first of them, doubled each time.
    requests_per_minute, tokens_per_minute (float | None): Not more than this.
    """

    url: str
    key: str = field(default="", repr=False)
    constraint: str = "json_schema"
    body: dict[str, Any] = field(default_factory=dict)
    timeout: float = 120.0
    retries: int = 5
    backoff: float = 1.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class ChatServer:
    """A language model behind chat completions; safe to use from several threads.

    name (str): Of the model, as the server knows it.
    access (Access): See there.
    counts (RunCounts): Counts requests and what went wrong with them.
    stopped (Event): Ends waiting and trying again.
    """

    def __init__(self, name: str, access: Access, counts: RunCounts, stopped: Event) -> None:
        self.name = name
        self.identity = json.dumps([name, access.constraint, access.body], sort_keys=True)
        self.access = access
        self.counts = counts
        self.stopped = stopped
        self.requests = RateLimiter(access.requests_per_minute, stopped)
        self.tokens = RateLimiter(access.tokens_per_minute, stopped)
        self.opener: OpenerDirector = build_opener(_NoRedirect)

    def ask(self, request: LlmRequest) -> Reply:
        """Send a request until it is answered.

        RAISES (Failure): If the server refuses, or all tries failed.
        RAISES (ValueError): If the server would refuse any request.
        """
        body = json.dumps(self.body(request)).encode("utf8")
        for n_tried in range(self.access.retries + 1):
            try:
                return self._try(body, request.max_tokens)
            except _Unreadable as fault:
                self.counts.add("faults:answer that the server cannot read")
                return Reply(str(fault))  # paid, so kept, and malformed like any other such text
            except _Passing as fault:
                self.counts.add(f"faults:{fault.kind}")
                is_last = n_tried == self.access.retries or fault.wait > LONGEST_RETRY_AFTER
                if is_last or self.stopped.is_set():
                    raise Failure(fault.kind, f"{fault} ({n_tried + 1} tries)") from fault
                self._wait(n_tried, fault.wait)
                self.counts.add("requests:retried")
        raise AssertionError("retries are not negative")

    def body(self, request: LlmRequest) -> dict[str, Any]:
        """A request as the server takes it."""
        form: dict[str, Any] = {"type": self.access.constraint}
        if self.access.constraint == "json_schema":
            form["json_schema"] = {"name": "entities", "strict": True, "schema": request.schema}
        body = {
            "model": self.name,
            "messages": request.messages,
            "temperature": request.temperature,
            "seed": request.seed,
            "max_tokens": request.max_tokens,
            "response_format": form if self.access.constraint != "none" else None,
            **self.access.body,
        }
        return {key: value for key, value in body.items() if value is not None}

    def _try(self, body: bytes, max_tokens: int) -> Reply:
        reserved = len(body) / CHARACTERS_A_TOKEN + max_tokens
        self.tokens.wait(reserved)
        self.requests.wait()
        if self.stopped.is_set():
            raise _Passing(UNREACHABLE, "the run has ended")
        self.counts.add("requests:sent")
        reply = _reply(self._post(body))
        used = (reply.prompt_tokens or 0) + (reply.completion_tokens or 0)
        if used:
            self.tokens.correct(used - reserved)
        return reply

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self.access.key:
            headers["Authorization"] = f"Bearer {self.access.key}"
        url = self.access.url.rstrip("/") + "/chat/completions"
        deadline = time.monotonic() + self.access.timeout
        try:
            request = Request(url, body, headers)
            with self.opener.open(request, timeout=self.access.timeout) as response:
                return _read_until(response, deadline)
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except TimeoutError as error:
            raise _Passing(TIMEOUT, f"none in {self.access.timeout:g} s") from error
        except URLError as error:
            late = isinstance(error.reason, TimeoutError)
            raise _Passing(TIMEOUT if late else UNREACHABLE, str(error.reason)) from error
        except (OSError, HTTPException) as error:  # cut off while it answered
            raise _Passing(UNREACHABLE, repr(error)) from error

    def _refusal(self, error: HTTPError) -> Exception:
        """What an HTTP status means."""
        try:
            detail = error.read(2000).decode("utf8", "replace")
        except (OSError, HTTPException):
            detail = ""
        said = f"HTTP {error.code} {' '.join(detail.split())[:300]}".strip()
        if error.code in UNUSABLE or 300 <= error.code < 400:
            return ValueError(Errors.E120.format(url=self.access.url, model=self.name, said=said))
        if error.code == 500 and UNREADABLE.search(detail):
            return _Unreadable(said)
        if error.code in TRANSIENT or error.code >= 500:
            if error.code != 429 and error.code < 501 and OVERLONG.search(detail):
                return Failure(TOO_LONG, said)
            wait = retry_seconds(error.headers)
            if wait > LONGEST_RETRY_AFTER:
                said += f", and asks to wait for {wait:,.0f} s"
            return _Passing(SERVER_ERROR, said, wait)
        return Failure(TOO_LONG if error.code == 413 or OVERLONG.search(detail) else REFUSED, said)

    def _wait(self, n_tried: int, asked: float) -> None:
        """Wait before another try: as long as the server asks for, and so do all threads.

        If it does not ask, doubled each time, and spread, so that threads do not come back all at
        once.
        """
        if asked:
            self.requests.hold(asked)
        else:
            backoff = min(LONGEST_WAIT, self.access.backoff * 2.0**n_tried)
            self.stopped.wait(backoff * (0.5 + random()))


class _Passing(Exception):  # noqa: N818
    """A fault after which trying again may help; `wait` is what the server asks for."""

    def __init__(self, kind: str, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.kind = kind
        self.wait = wait


class _Unreadable(Exception):  # noqa: N818
    """The model answered, and the server refuses to hand it on; the same request fails again."""


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would send the key to somebody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _read_until(response: Any, deadline: float) -> bytes:
    """Read an answer that must be whole at a time; the socket's own timeout is for each part."""
    parts = []
    while part := response.read1(65536):
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:  # bytes that were announced and never came
        raise ConnectionError("the answer was cut off")
    return b"".join(parts)


def _reply(received: bytes) -> Reply:
    """Read a chat completion.

    RAISES (Failure): If the server did not let the model answer.
    """
    try:
        body = json.loads(received)
        choice = body["choices"][0]
        text, finish = choice["message"].get("content"), choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise _Passing(SERVER_ERROR, f"no chat completion: {received[:80]!r}") from error
    if finish == "content_filter":
        raise Failure(REFUSED, "the server's content filter")
    usage = body.get("usage") or {}
    counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
    known = [count if isinstance(count, int) else None for count in counts]
    # Half of a character (a surrogate) cannot be stored; in JSON its escape is the same.
    content = (text if isinstance(text, str) else "").encode("utf8", "backslashreplace")
    return Reply(content.decode("utf8"), finish != "length", *known)
