"""The application: routes, errors, and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from spacy_gliner_biomed import __version__
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service import schema
from spacy_gliner_biomed.service.catalogue_view import catalogue_answer, lookup_answer
from spacy_gliner_biomed.service.json_body import JsonRoute
from spacy_gliner_biomed.service.middleware import Guard, Recorder
from spacy_gliner_biomed.service.requests import check_labels, read_call, read_query, texts_of
from spacy_gliner_biomed.service.service import ClientGoneError, Service
from spacy_gliner_biomed.service.service_error import ServiceError, as_service_error, json_response
from spacy_gliner_biomed.service.streaming import MEDIA_TYPE, LinesResponse, LineStream
from spacy_gliner_biomed.service.validation import check_query, validation_error

STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "Finds entities of any type in biomedical texts, and relations between them if the model does. "
    "Errors are JSON with a code, which "
    "the documentation explains. Offsets count code points."
)
CLIENT_GONE = 499  # nobody reads it; the log and the metrics show it
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schema.ErrorAnswer, "description": text}
    for status, text in {
        400: "The body is not a JSON object, or repeats a key.",
        401: "The token is missing or wrong.",
        408: "It took too long.",
        413: "The body, or a text, is too large, or there are too many.",
        422: "A setting, a text or a parameter of the query is not allowed.",
        503: "The queue is full; the header Retry-After has the seconds to wait.",
    }.items()
}


def create_app(service: Service, *, token: str | None = None) -> FastAPI:
    """Make the application.

    service (Service): What it serves.
    token (str | None): The token that clients must send; None to ask for none.
    RETURNS (FastAPI): The application.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.batcher.start()
        yield
        await service.batcher.stop()

    app = FastAPI(
        title="spacy-gliner-biomed",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(_check_query)],
    )
    app.router.route_class = JsonRoute
    _add_annotation(app, service)
    _add_labels(app, service)
    _add_state(app, service)
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.get("/", include_in_schema=False)
    async def playground() -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    _add_errors(app)
    paths = {route.path for route in app.routes if hasattr(route, "path")}
    app.add_middleware(Guard, limits=service.limits, token=token)
    app.add_middleware(Recorder, metrics=service.metrics, paths=paths)
    return app


async def _check_query(request: Request) -> None:
    """RAISES (ServiceError): If the query has a parameter that the endpoint does not take."""
    route = request.scope["route"]
    if route.include_in_schema:  # a page may have any query
        allowed = [field.alias for field in route.dependant.query_params]
        allowed += [each["name"] for each in (route.openapi_extra or {}).get("parameters", [])]
        check_query(request.query_params.keys(), allowed, f"{request.method} {route.path}")


def _add_annotation(app: FastAPI, service: Service) -> None:
    Example = Body(openapi_examples=schema.REQUEST_EXAMPLES)  # noqa: N806

    @app.post("/annotate", responses={200: {"model": schema.AnnotateAnswer}, **ERRORS})
    async def annotate(
        request: Request, body: Annotated[schema.AnnotateRequest, Example]
    ) -> Response:
        """Find the entities of one text or several, and relations if they are asked for."""
        call = read_call(body, service.annotator, service.limits)
        texts = texts_of(body, service.limits)
        answers = await service.annotate(call, texts, request.receive)
        annotator, settings = service.annotator, call.settings
        unfamiliar, hidden = annotator.unfamiliar(settings), annotator.hidden(settings)
        return json_response(
            {"documents": answers, "unfamiliar_labels": unfamiliar, "hidden_labels": hidden}
        )

    @app.post("/annotate/stream", responses=_STREAM_ANSWERS, openapi_extra=_STREAM_REQUEST)
    async def annotate_stream(request: Request) -> Response:
        """Find the entities of JSON lines, in constant memory.

        Each line is an object with "text". Its answer has the line's other keys ("id" is the
        line's number if it has none) and "entities", with "relations" if they are asked for, or
        "error"; a line's own keys of these names are left out. Settings are in the query. Read
        answers while you send lines: the server reads further lines only as you read its answers.
        """
        options = read_query(request.query_params.multi_items())
        call = read_call(options, service.annotator, service.limits)
        return LinesResponse(LineStream(service, call, request.receive).answers())


def _add_labels(app: FastAPI, service: Service) -> None:
    @app.get("/labels", responses={200: {"model": schema.CatalogueAnswer}})
    def labels() -> Response:
        """List the labels that the model was trained on, and the defaults."""
        return json_response(catalogue_answer(service))

    @app.get("/labels/lookup", responses={200: {"model": schema.LookupAnswer}, 422: ERRORS[422]})
    def lookup(label: Annotated[list[str], Query(examples=[["zodiac sign"]])]) -> Response:
        """Return the trained label that each of any labels stands for, or similar ones."""
        check_labels(label, service.limits)
        return json_response(lookup_answer(service, label))


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/health", responses={200: {"model": schema.StateAnswer}})
    async def health() -> Response:
        """Report that the process answers."""
        return json_response({"status": "ok", "version": __version__})

    @app.get("/ready", responses={200: {"model": schema.StateAnswer}, 503: ERRORS[503]})
    async def ready() -> Response:
        """Report whether requests are accepted; they are not while the server stops."""
        if not service.ready:
            raise ServiceError(503, Errors.E256)
        return json_response({"status": "ready", "version": __version__})

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Give the metrics in the text format of Prometheus."""
        return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    async def problem(request: Request, error: ServiceError) -> Response:
        return error.response()

    @app.exception_handler(ValueError)
    async def value_error(request: Request, error: ValueError) -> Response:
        return as_service_error(error, Errors.E255).response()

    @app.exception_handler(ClientGoneError)
    async def client_gone(request: Request, error: ClientGoneError) -> Response:
        return Response(status_code=CLIENT_GONE)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return validation_error(error.errors(), schema.AnnotateRequest).response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code in (404, 405):
            path = request.url.path[:100]
            message = Errors.E253.format(method=request.method, path=path)
        else:
            message = Errors.E241.format(error=error.detail)
        return ServiceError(error.status_code, message, error.headers).response()


_STREAM_PARAMETERS = {
    "labels": "Separated by commas, or a JSON list with prompts and thresholds. Can be repeated.",
    "relations": "As labels; in JSON, with the labels of head and tail.",
    "threshold": "Minimum score, 0 to 1.",
    "overlap": "flat or nested.",
    "multi_label": "true or false.",
    "alignment": "expand, contract, split or strict.",
    "utf16": "true or false.",
    "attributes": "Custom attributes, separated by commas. Can be repeated.",
}
_LINE = '{"id": "note-1", "text": "Lisinopril was stopped because of cough."}\n'
_STREAM_REQUEST = {
    "parameters": [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in _STREAM_PARAMETERS.items()
    ],
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _LINE}},
    },
}
_STREAM_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One line of JSON for each line.",
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string"},
                "example": '{"id": "note-1", "entities": [{"start": 0, "end": 10, "text": '
                '"Lisinopril", "label": "drug", "score": 0.97}]}\n',
            }
        },
    },
    401: ERRORS[401],
    422: ERRORS[422],
}
