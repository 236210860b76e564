"""Errors as the service's answers: a status, and a message with a code."""

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.errors import Errors

logger = logging.getLogger(__name__)

CODE = re.compile(r"\[(GB-[EW]\d+)\] ")


class ServiceError(Exception):
    """An error that the client is told.

    status (int): The HTTP status.
    message (str): One of `errors.Errors`, filled in.
    headers (Mapping[str, str] | None): Further headers.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})

    def to_json(self) -> dict[str, Any]:
        """Return the answer: the code, and the message without it."""
        found = CODE.match(self.message)
        code = found[1] if found else None
        return {"error": {"code": code, "message": CODE.sub("", self.message, count=1)}}

    def response(self) -> Response:
        """Return the answer with its status."""
        return json_response(self.to_json(), status=self.status, headers=self.headers)


def as_service_error(error: BaseException, message: str = Errors.E248) -> ServiceError:
    """Return what the client is told of an error.

    Errors with a code are about the request. Any other is a fault; its message may quote the text,
    so that neither the client nor the log gets it.

    error (BaseException): The error.
    message (str): The message for a fault; may use `error`.
    RETURNS (ServiceError): The error.
    """
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, ValueError) and CODE.match(str(error)):
        return ServiceError(422, str(error))
    name = type(error).__name__
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s (its message may quote a text and is left out)\n%s", name, frames)
    return ServiceError(500, message.format(error=name))


def json_response(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as an answer in JSON.

    value (Any): Lists, dicts, strings, numbers.
    status (int): The HTTP status.
    headers (Mapping[str, str] | None): Further headers.
    RETURNS (Response): The answer.
    """
    content = dump_json(value)
    return Response(content, status, headers, media_type="application/json")
