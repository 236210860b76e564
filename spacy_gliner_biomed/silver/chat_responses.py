"""What a chat server's responses mean: an answer, a temporary fault, or a failure."""

import json
import re
from typing import Any

import httpx

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.failures import REFUSED, SERVER_ERROR, TOO_LONG, Failure
from spacy_gliner_biomed.silver.reply_cache import Reply
from spacy_gliner_biomed.silver.retry_after import retry_seconds

RETRIED_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
FATAL_STATUSES = {401, 403, 404, 405}  # another text would not change them
OVERLONG = re.compile(r"context|too (long|large|many tokens)|maximum.{0,40}(token|length)", re.I)
# llama.cpp's 500 for a complete answer that it cannot parse, such as one with half a character.
UNREADABLE = re.compile(r"model produced output that does not match", re.I)
MAX_TOKENS = 10**8  # no request has more; a limit of tokens a minute would wait for days
MAX_RETRY_AFTER = 3600.0  # seconds; the run does not wait for a server that asks for more


class TemporaryFault(Exception):  # noqa: N818  what comes of it may be an answer
    """A fault after which a retry may help.

    kind (str): One of the constants in `failures`.
    reason (str): Message for people.
    wait (float): Seconds that the server asks to wait; 0 if it does not ask.
    """

    def __init__(self, kind: str, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.kind = kind
        self.wait = wait


class UnreadableAnswer(Exception):  # noqa: N818
    """The model answered but the server rejects its answer; a retry would get the same."""


def response_error(response: httpx.Response, body: bytes, *, url: str, model: str) -> Exception:
    """Return the exception that a response without success stands for.

    response (httpx.Response): The response, for its status and headers.
    body (bytes): Its body.
    url (str): Base URL of the server, for the message.
    model (str): Name of the model, for the message.
    RETURNS (Exception): A `TemporaryFault`, an `UnreadableAnswer`, a `Failure` of this text, or
        a ValueError if the server would reject any text.
    """
    status, detail = response.status_code, body[:2000].decode("utf8", "replace")
    summary = f"HTTP {status} {' '.join(detail.split())[:300]}".strip()
    if status in FATAL_STATUSES or 300 <= status < 400:
        return ValueError(Errors.E120.format(url=url, model=model, said=summary))
    if status == 500 and UNREADABLE.search(detail):
        return UnreadableAnswer(summary)
    if status in RETRIED_STATUSES or status >= 500:
        if status in (500, 408, 409, 425) and OVERLONG.search(detail):
            return Failure(TOO_LONG, summary)
        wait = retry_seconds(response.headers)
        if wait > MAX_RETRY_AFTER:
            summary += f", and asks to wait for {wait:,.0f} s"
        return TemporaryFault(SERVER_ERROR, summary, wait)
    is_too_long = status == 413 or OVERLONG.search(detail)
    return Failure(TOO_LONG if is_too_long else REFUSED, summary)


def parse_completion(received: bytes) -> Reply:
    """Parse a chat completion. Whatever is optional in it may have any form.

    received (bytes): Body of the response.
    RETURNS (Reply): The model's answer and its number of tokens.
    RAISES (TemporaryFault): If the body is not a chat completion.
    RAISES (Failure): If the server's content filter removed the answer, or the model refused.
    """
    try:
        body = json.loads(received)
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        content = _text_of(message.get("content"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        reason = f"no chat completion: {received[:80]!r}"
        raise TemporaryFault(SERVER_ERROR, reason) from error
    if finish == "content_filter":
        raise Failure(REFUSED, "the server's content filter")
    if not content and isinstance(refusal := message.get("refusal"), str):
        raise Failure(REFUSED, f"the model refused: {shorten(refusal)}")
    n_tokens = (_count_of(body, name) for name in ("prompt_tokens", "completion_tokens"))
    # Half a character (a surrogate) cannot be stored; in JSON, its escape is the same.
    content = content.encode("utf8", "backslashreplace").decode("utf8")
    return Reply(content, finish != "length", *n_tokens)


def _text_of(content: Any) -> str:
    """Return the text of a message, which may come in parts; reasoning is none."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _count_of(body: dict[str, Any], name: str) -> int | None:
    """Return a number of tokens; None if the server says none that is possible."""
    usage = body.get("usage")
    found = usage.get(name) if isinstance(usage, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if 0 <= found <= MAX_TOKENS else None
