"""Reads bodies by the rules for all JSON of this package: no repeated keys, no NaN."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from spacy_gliner_biomed.common.json_text import parse_json
from spacy_gliner_biomed.common.reporting import shorten


class JsonRequest(Request):
    """A request whose body is parsed by `parse_json`; the framework's parser is less strict."""

    async def json(self) -> Any:
        """Return the body.

        RAISES (HTTPException): If it is not valid JSON in UTF-8.
        """
        content = await self.body()
        try:
            return parse_json(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise HTTPException(400, "it is not UTF-8") from error
        except ValueError as error:
            reason = f"it is not valid JSON: {shorten(error, 300)}"
            raise HTTPException(400, reason) from error


class JsonRoute(APIRoute):
    """A route whose requests are `JsonRequest`s."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_strictly
