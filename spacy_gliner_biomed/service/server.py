"""Runs the application with uvicorn: the address, the log, and an end that loses nothing."""

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.app import create_app
from spacy_gliner_biomed.service.service import Service

BACKLOG = 2048
GRACE = 5.0  # seconds beyond the time limit of a request after which running requests are cut off
KEEP_ALIVE = 75  # seconds; longer than proxies keep a connection that nobody uses
MIN_TOKEN = 16


class DrainingServer(uvicorn.Server):
    """Stops at SIGTERM or SIGINT: accepts no new requests, and answers those it has accepted.

    A second SIGINT ends it at once. The exit status is 0, where uvicorn raises the signal again.

    service (Service): What is served.
    token (str | None): What clients have to send.
    """

    def __init__(self, service: Service, token: str | None = None) -> None:
        self.service = service
        self.loop: asyncio.AbstractEventLoop | None = None
        config = uvicorn.Config(
            create_app(service, token=token),
            access_log=False,  # it has queries; `middleware.Recorder` logs
            log_config=None,
            http="h11",
            ws="none",
            lifespan="on",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(service.limits.timeout + GRACE),
        )
        super().__init__(config)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal, or until `handle_exit` is called."""
        self.loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; signal handlers and other threads may call this."""
        super().handle_exit(sig, frame)
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.service.draining.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as long as the server runs; only the main thread may."""
        main = threading.current_thread() is threading.main_thread()
        signals = (signal.SIGINT, signal.SIGTERM) if main else ()
        before = {each: signal.signal(each, self.handle_exit) for each in signals}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address.

    host (str): Name or address.
    port (int): 0 takes a free one.
    RETURNS (socket.socket): The socket.
    RAISES (OSError): If the address is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def is_loopback(listening: socket.socket) -> bool:
    """Return whether only this machine can reach a socket."""
    address: str = listening.getsockname()[0]
    return address.startswith("127.") or address == "::1"


def url_of(listening: socket.socket) -> str:
    """Return the address of a socket, for a browser."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def read_token(path: Path) -> str:
    """Read a token from a file.

    path (Path): The file; white space around the token is left out.
    RETURNS (str): The token.
    RAISES (ValueError): If it is too short, or has other characters than printable ASCII.
    RAISES (OSError): If the file cannot be read.
    """
    token = path.read_bytes().strip().decode("utf8", "replace")
    if len(token) < MIN_TOKEN:
        raise ValueError(Errors.E252.format(path=path, found=f"{len(token)} characters"))
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError(Errors.E252.format(path=path, found="other characters"))
    return token


def run_server(
    service: Service, listening: socket.socket, *, token: str | None, quiet: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT, and log to standard error.

    service (Service): What is served.
    listening (socket.socket): See `open_socket`.
    token (str | None): What clients have to send.
    quiet (bool): Whether the log has failures only.
    """
    _set_up_log(quiet=quiet)
    asyncio.run(DrainingServer(service, token).serve(sockets=[listening]))


def _set_up_log(*, quiet: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("spacy_gliner_biomed.service", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
