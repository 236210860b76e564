"""JSON lines in and out, in constant memory: answers go out while lines come in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from spacy_gliner_biomed.common.json_text import dump_json, parse_json_object
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.annotator import Document
from spacy_gliner_biomed.service.lines import LineSplitter, TooLong
from spacy_gliner_biomed.service.middleware import discard
from spacy_gliner_biomed.service.requests import Call, check_document
from spacy_gliner_biomed.service.service import (
    ClientGoneError,
    Service,
    settled,
    wait_for_disconnect,
)
from spacy_gliner_biomed.service.service_error import ServiceError

MEDIA_TYPE = "application/x-ndjson"
RESULT_KEYS = ("entities", "error")  # of an answer, which says by them whether there is a result


class LinesResponse(StreamingResponse):
    """A streamed answer. Starlette's own would read the body, in search of a disconnect."""

    media_type = MEDIA_TYPE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await self.stream_response(send)
        finally:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]  # a generator


@dataclass
class _Line:
    """The keys of a line that its answer repeats, and the result that is awaited."""

    head: dict[str, Any]
    result: "asyncio.Future[Any] | ServiceError"


class LineStream:
    """Answers the lines of one request, in order.

    service (Service): The service.
    call (Call): The settings of all lines.
    receive (Receive): Gives the body, which is read while answers are sent.
    """

    def __init__(self, service: Service, call: Call, receive: Receive) -> None:
        self.service, self.call, self.receive = service, call, receive
        self.limits = service.limits
        self.lines: asyncio.Queue[_Line | None] = asyncio.Queue(self.limits.stream_documents)
        self.pending: set[asyncio.Future[Any]] = set()
        self.number = self.answered = 0
        self.ended_by: str | None = None  # the message for a body that is not read to its end

    async def answers(self) -> AsyncIterator[bytes]:
        """Yield the answer to each line."""
        reader = asyncio.create_task(self._read())
        try:
            while (line := await self.lines.get()) is not None:
                result = line.result
                if not isinstance(result, ServiceError):
                    result = await settled(result)
                yield dump_json({**line.head, **self.service.answer(result)}) + b"\n"
                self.answered += 1
            if self.ended_by is not None:
                problem = ServiceError(503, self.ended_by.format(n=self.answered))
                yield dump_json(problem.to_json()) + b"\n"
                await discard(self.receive)
        except asyncio.CancelledError:
            if not reader.done():  # otherwise it was the reader that cancelled the results
                raise
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            self._cancel_results()

    async def _read(self) -> None:
        """Take on lines until the body ends, the client leaves, or the server is being stopped."""
        splitter = LineSplitter(self.limits.max_bytes)
        try:
            async for piece in self._pieces():
                for line in splitter.feed(piece):
                    await self._take(line)
            if self.ended_by is None:
                for line in splitter.finish():
                    await self._take(line)
            await self.lines.put(None)
            if self.ended_by is None:
                await wait_for_disconnect(self.receive)
                self._cancel_results()
        except ClientGoneError:
            self._cancel_results()
            if not self.lines.full():
                self.lines.put_nowait(None)

    async def _pieces(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body.

        RAISES (ClientGoneError): If the client leaves.
        """
        more = True
        while more:
            message = await self._next_message()
            if message is None:
                return
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            yield message.get("body", b"")
            more = message.get("more_body", False)

    async def _next_message(self) -> Message | None:
        """Return the next message of the client; None where reading ends."""
        message = asyncio.ensure_future(self.receive())
        stopped = asyncio.ensure_future(self.service.draining.wait())
        try:
            await asyncio.wait(
                {message, stopped},
                timeout=self.limits.timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if stopped.done():
                self.ended_by = Errors.E250
            elif not message.done():
                seconds = self.limits.timeout
                self.ended_by = Errors.E247.format(what="A pause in the body", seconds=seconds)
            else:
                return message.result()
            return None
        finally:
            message.cancel()
            stopped.cancel()

    async def _take(self, line: bytes | TooLong) -> None:
        """Put a line into the queue of documents, and into that of answers."""
        self.number += 1
        if isinstance(line, bytes) and not line.strip():
            return
        head: dict[str, Any] = {"id": self.number}
        result: asyncio.Future[Any] | ServiceError
        try:
            text = check_document(self._parse(line, head), self.limits)
            document = Document(text, self.call.shape)
            batcher = self.service.batcher
            result = await batcher.submit_in_turn(self.call.settings, document, len(text))
            self.pending.add(result)
            result.add_done_callback(self.pending.discard)
            self.service.metrics.characters.inc(len(text))
        except ServiceError as problem:
            result = problem
        await self.lines.put(_Line(head, result))

    def _parse(self, line: bytes | TooLong, head: dict[str, Any]) -> Any:
        """Return the text of a line, which is not checked, and put its other keys into `head`.

        Keys with which answers give results are left out.

        RAISES (ServiceError): If the line holds no document.
        """
        if isinstance(line, TooLong):
            raise ServiceError(413, Errors.E240.format(limit=self.limits.max_bytes))
        try:
            values = parse_json_object(line.decode("utf8"))
        except ValueError as error:  # a UnicodeDecodeError is one, too
            reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else shorten(error, 300)
            found = Errors.E052.format(path="stream", line=self.number, error=reason)
            raise ServiceError(422, found) from None
        text = values.pop("text", None)
        if self.call.settings.relations or isinstance(values.get("relations"), list):
            values.pop("relations", None)  # a list has indices of the line's own entities
        head.update({k: v for k, v in values.items() if k not in RESULT_KEYS and v is not None})
        return text

    def _cancel_results(self) -> None:
        """Free the places of lines that nobody waits for."""
        for future in list(self.pending):
            future.cancel()
