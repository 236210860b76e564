"""What the routes share: the annotator, its queue, limits, metrics, and the state."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from starlette.types import Message

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.annotator import Annotator, CallSettings, Document
from spacy_gliner_biomed.service.batching import Batcher
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.metrics import Metrics
from spacy_gliner_biomed.service.requests import Call, check_document
from spacy_gliner_biomed.service.service_error import ServiceError, as_service_error

Source = Literal["packaged", "checkpoint", "pipeline"]
Answer = dict[str, Any]  # of one document: its entities and relations, or its error
Receive = Callable[[], Awaitable[Message]]


class ClientGoneError(Exception):
    """The client closed its connection before the answer."""


@dataclass
class Service:
    """One pipeline as a service.

    annotator (Annotator): Runs the pipeline.
    limits (Limits): The limits.
    source (Source): Where the pipeline comes from, for the page's lines of Python.
    name (str): The name of the folder or package, for people.
    """

    annotator: Annotator
    limits: Limits
    source: Source = "packaged"
    name: str = "packaged"
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        # One text over spaCy's own limit would fail its whole batch.
        allowed = min(self.limits.max_characters, self.annotator.nlp.max_length)
        self.limits = replace(self.limits, max_characters=allowed)

    @cached_property
    def batcher(self) -> Batcher[CallSettings, Document]:
        """The queue in front of the annotator."""
        return Batcher(self.annotator.annotate, self.limits, lambda n: self._observe(n))

    @cached_property
    def metrics(self) -> Metrics:
        """The counts."""
        component = self.annotator.component
        return Metrics(lambda: self.batcher.waiting, lambda: component.stats.copy())

    @property
    def ready(self) -> bool:
        """Whether requests are taken on."""
        return self.batcher.alive and not self.draining.is_set()

    async def annotate(self, call: Call, texts: Sequence[Any], receive: Receive) -> list[Answer]:
        """Annotate the texts of a request.

        call (Call): Their settings.
        texts (Sequence[Any]): The texts, which are not checked yet.
        receive (Receive): Tells whether the client is gone, after the body was read.
        RETURNS (list[Answer]): What is found in each text, or its error.
        RAISES (ServiceError): If no text can be annotated, the queue is full, or it takes too long.
        RAISES (ClientGoneError): If nobody waits for the answer.
        """
        checked = [self._check(text) for text in texts]
        right = [text for text in checked if isinstance(text, str)]
        items = [(Document(text, call.shape), len(text)) for text in right]
        futures = iter(await self._results(self.batcher.submit(call.settings, items), receive))
        results = [next(futures) if isinstance(text, str) else text for text in checked]
        problems = [result for result in results if isinstance(result, ServiceError)]
        if problems and len(problems) == len(results):
            raise problems[0]
        return [self.answer(result) for result in results]

    def answer(self, result: Any) -> Answer:
        """Return the answer of a document, and count it."""
        failed = isinstance(result, ServiceError)
        self.metrics.documents.labels("failed" if failed else "annotated").inc()
        answer: Answer = result.to_json() if failed else result
        return answer

    def _check(self, text: Any) -> str | ServiceError:
        try:
            checked = check_document(text, self.limits)
        except ServiceError as problem:
            return problem
        self.metrics.characters.inc(len(checked))
        return checked

    async def _results(
        self, futures: "Sequence[asyncio.Future[Any]]", receive: Receive
    ) -> list[Any]:
        """Wait for results, as long as the client waits and the time allows."""
        gone = asyncio.create_task(wait_for_disconnect(receive))
        results = asyncio.create_task(_all_settled(futures))
        try:
            await asyncio.wait(
                {gone, results},
                timeout=self.limits.timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if results.done():
                return results.result()
            if gone.done():
                raise ClientGoneError
            raise ServiceError(
                408, Errors.E247.format(what="The answer", seconds=self.limits.timeout)
            )
        finally:
            for task in (gone, results, *futures):
                task.cancel()
            await asyncio.wait({gone, results})

    def _observe(self, n: int) -> None:
        self.metrics.batches.observe(n)


async def settled(future: "asyncio.Future[Any]") -> Any:
    """Return the result of a document, or the problem it has."""
    try:
        return await future
    except Exception as error:
        return as_service_error(error)


async def _all_settled(futures: "Sequence[asyncio.Future[Any]]") -> list[Any]:
    return [await settled(future) for future in futures]


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed its connection; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
