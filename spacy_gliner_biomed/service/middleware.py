"""What surrounds each request: headers, token, limits of the body, counts and the log."""

import hmac
import logging
from collections.abc import Collection
from time import monotonic

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.metrics import Metrics
from spacy_gliner_biomed.service.service_error import ServiceError, as_service_error

logger = logging.getLogger(__name__)

LINGER = 2.0  # seconds to read what a client still sends, or it may not see the answer
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OPEN = ("/", "/health", "/ready", "/openapi.json")  # no token needed: they hold no user data
NOT_READ = ("/annotate/stream",)  # whose body the endpoint reads


class Recorder:
    """Counts and logs each request, adds headers, and answers where the app fails.

    The log has the route and never the query, a header or a body.

    app (ASGIApp): The app.
    metrics (Metrics): Gets the counts.
    paths (Collection[str]): The routes; all other paths are counted as one.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, paths: Collection[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            problem = as_service_error(error, Errors.E255)
            if not status:
                await problem.response()(scope, receive, send_with_headers)
        finally:
            self._record(scope, status, monotonic() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in self.paths else "other"
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
        self.metrics.requests.labels(method, path, str(status)).inc()
        self.metrics.seconds.labels(path).observe(seconds)
        logger.info("%s %s %s %.3f s", method, path, status, seconds)


class Guard:
    """Checks the token, and reads bodies within the limits before the app sees them.

    app (ASGIApp): The app.
    limits (Limits): Size and time of a body.
    token (str | None): The token that clients must send; None lets everybody in.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits, token: str | None) -> None:
        self.app, self.limits, self.token = app, limits, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            self._check_token(scope)
            if scope["method"] == "POST" and scope["path"] not in NOT_READ:
                receive = await self._read_body(receive)
        except ServiceError as problem:
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check_token(self, scope: Scope) -> None:
        """RAISES (ServiceError): If the token is needed, and is not there or wrong."""
        path = scope["path"]
        if self.token is None or path in OPEN or path.startswith("/static/"):
            return
        given = Headers(scope=scope).get("authorization", "")
        expected = f"Bearer {self.token}"
        if not hmac.compare_digest(given.encode("latin-1"), expected.encode("latin-1")):
            raise ServiceError(401, Errors.E249, {"WWW-Authenticate": "Bearer"})

    async def _read_body(self, receive: Receive) -> Receive:
        """Read a whole body, and return what gives it to the app.

        RAISES (ServiceError): If it is too large, or takes too long.
        """
        limit, body = self.limits.max_bytes, bytearray()
        try:
            with anyio.fail_after(self.limits.timeout):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        break
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        await discard(receive, more)
                        raise ServiceError(413, Errors.E240.format(limit=limit))
        except TimeoutError:
            problem = Errors.E247.format(what="The body", seconds=self.limits.timeout)
            raise ServiceError(408, problem) from None
        pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        return replay


async def discard(receive: Receive, more: bool = True) -> None:
    """Read the rest of a body for a moment: a connection that is closed with bytes unread is
    reset, and the client loses the answer.

    receive (Receive): Gives the body.
    more (bool): Whether there is a rest.
    """
    with anyio.move_on_after(LINGER):
        while more:
            message = await receive()
            more = message["type"] == "http.request" and message.get("more_body", False)


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
