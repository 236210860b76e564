"""Sends requests to an OpenAI-compatible server: vLLM, llama.cpp, Ollama, and services."""

import json
import ssl
import time
from random import random
from threading import Event
from typing import Any

import httpx
import tenacity

from spacy_gliner_biomed.silver.chat_responses import (
    MAX_RETRY_AFTER,
    TemporaryFault,
    UnreadableAnswer,
    parse_completion,
    response_error,
)
from spacy_gliner_biomed.silver.failures import TIMEOUT, UNREACHABLE, Failure
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest
from spacy_gliner_biomed.silver.rate_limit import RateLimiter
from spacy_gliner_biomed.silver.reply_cache import Reply
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import ServerSettings

MAX_BACKOFF = 60.0  # seconds between two tries, unless the server asks for more
CHARACTERS_PER_TOKEN = 3  # low, so that enough tokens are reserved before the server counts them


class ChatServer:
    """A language model behind chat completions; safe to use from several threads.

    settings (ServerSettings): The server and how to send requests to it.
    counts (RunCounts): Counts requests and faults.
    stopped (Event): Ends waiting and retrying when it is set.
    RAISES (ValueError): If the API key cannot be sent.
    """

    def __init__(self, settings: ServerSettings, counts: RunCounts, stopped: Event) -> None:
        self.name = settings.model
        self.identity = json.dumps([self.name, settings.constraint, settings.body], sort_keys=True)
        self.settings = settings
        self.counts = counts
        self.stopped = stopped
        self.requests = RateLimiter(settings.requests_per_minute, stopped)
        self.tokens = RateLimiter(settings.tokens_per_minute, stopped)
        key = settings.api_key
        # A redirect would send the key to another server: httpx follows none by default.
        self.client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=settings.timeout,
            verify=ssl.create_default_context(),  # trusts what the system trusts
            limits=httpx.Limits(max_connections=None),
        )
        self.backoff = tenacity.wait_exponential(multiplier=settings.backoff, max=MAX_BACKOFF)

    def ask(self, request: LlmRequest) -> Reply:
        """Send a request until it is answered.

        request (LlmRequest): The request.
        RETURNS (Reply): The model's answer.
        RAISES (Failure): If the server rejects the request, or all tries failed.
        RAISES (ValueError): If the server would reject any request.
        """
        content = json.dumps(self.body(request)).encode("utf8")
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TemporaryFault),
            stop=self._is_last_try,
            wait=self._seconds_to_wait,
            sleep=tenacity.sleep_using_event(self.stopped),
            after=self._count_fault,
            before_sleep=self._before_retry,
            retry_error_callback=_give_up,
        )
        return retrying(self._try, content, request.max_tokens)

    def body(self, request: LlmRequest) -> dict[str, Any]:
        """Return the JSON body that is sent for a request."""
        form: dict[str, Any] = {"type": self.settings.constraint}
        if self.settings.constraint == "json_schema":
            form["json_schema"] = {"name": "entities", "strict": True, "schema": request.schema}
        body = {
            "model": self.name,
            "messages": request.messages,
            "temperature": request.temperature,
            "seed": request.seed,
            "max_tokens": request.max_tokens,
            "response_format": form if self.settings.constraint != "none" else None,
            **self.settings.body,
        }
        return {key: value for key, value in body.items() if value is not None}

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def _try(self, content: bytes, max_tokens: int) -> Reply:
        reserved = len(content) / CHARACTERS_PER_TOKEN + max_tokens
        self.tokens.wait(reserved)
        self.requests.wait()
        if self.stopped.is_set():
            raise TemporaryFault(UNREACHABLE, "the run has ended")
        self.counts.add("requests:sent")
        try:
            reply = parse_completion(self._post(content))
        except UnreadableAnswer as fault:
            self.counts.add("faults:answer that the server cannot read")
            return Reply(str(fault))  # it was paid for, so it is cached like a malformed answer
        used = (reply.prompt_tokens or 0) + (reply.completion_tokens or 0)
        if used:
            self.tokens.correct(used - reserved)
        return reply

    def _post(self, content: bytes) -> bytes:
        """Send a body and return that of the response.

        RAISES (TemporaryFault): If the response does not arrive in time, or not as a whole.
        RAISES (Exception): See `response_error`.
        """
        url = self.settings.url.rstrip("/") + "/chat/completions"
        headers = {"Content-Type": "application/json"}
        deadline = time.monotonic() + self.settings.timeout
        try:
            with self.client.stream("POST", url, content=content, headers=headers) as response:
                received = _read_until(response, deadline)
        except httpx.TimeoutException as error:
            reason = f"no answer within {self.settings.timeout:g} s"
            raise TemporaryFault(TIMEOUT, reason) from error
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise TemporaryFault(UNREACHABLE, reason) from error
        if response.is_success:
            return received
        raise response_error(response, received, url=self.settings.url, model=self.name)

    def _is_last_try(self, state: tenacity.RetryCallState) -> bool:
        n_tries, fault = state.attempt_number, _fault(state)
        is_last = n_tries > self.settings.retries or fault.wait > MAX_RETRY_AFTER
        return is_last or self.stopped.is_set()

    def _seconds_to_wait(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds before the next attempt, spread so that not all threads retry at once.

        If the server asks for a pause, the rate limit holds back all threads instead.
        """
        return 0.0 if _fault(state).wait else self.backoff(state) * (0.5 + random())

    def _count_fault(self, state: tenacity.RetryCallState) -> None:
        self.counts.add(f"faults:{_fault(state).kind}")

    def _before_retry(self, state: tenacity.RetryCallState) -> None:
        if _fault(state).wait:
            self.requests.pause(_fault(state).wait)
        self.counts.add("requests:retried")


def _fault(state: tenacity.RetryCallState) -> TemporaryFault:
    fault = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(fault, TemporaryFault)
    return fault


def _give_up(state: tenacity.RetryCallState) -> Reply:
    """RAISES (Failure): With the last fault."""
    fault, n_tries = _fault(state), state.attempt_number
    tries = "1 try" if n_tries == 1 else f"{n_tries} tries"
    raise Failure(fault.kind, f"{fault} ({tries})") from fault


def _read_until(response: httpx.Response, deadline: float) -> bytes:
    """Read a response that must be complete at a time; httpx's timeout is for each part of it.

    RAISES (httpx.ReadTimeout): If it is not.
    """
    parts = []
    for part in response.iter_bytes():
        parts.append(part)
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the response takes too long", request=response.request)
    return b"".join(parts)
