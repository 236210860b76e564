"""Counts and times of the service, for Prometheus."""

from collections import Counter as Counts
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one service, in a registry of its own.

    waiting (Callable[[], int]): Gives the number of documents that wait.
    stats (Callable[[], Counts[str]]): Gives the component's counts.
    """

    def __init__(self, waiting: Callable[[], int], stats: Callable[[], Counts[str]]) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(_Component(stats))
        self.requests = Counter(
            "gliner_requests", "Requests.", ["method", "path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "gliner_request_seconds",
            "Time from the request's head to the end of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=registry,
        )
        self.documents = Counter(
            "gliner_documents", "Documents by outcome.", ["outcome"], registry=registry
        )
        self.characters = Counter(
            "gliner_characters", "Characters of documents taken on.", registry=registry
        )
        self.batches = Histogram(
            "gliner_batch_documents", "Documents of a batch.", buckets=SIZES, registry=registry
        )
        queue = Gauge("gliner_queue_documents", "Documents that wait.", registry=registry)
        queue.set_function(waiting)

    def exposition(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


class _Component:
    """The component's counts: entities, windows, moved and left-out spans, and more."""

    def __init__(self, stats: Callable[[], Counts[str]]) -> None:
        self.stats = stats

    def collect(self) -> Iterator[Any]:
        family = CounterMetricFamily(
            "gliner_component", "Counts of the component, see its 'stats'.", labels=["count"]
        )
        for name, n in sorted(self.stats().items()):
            family.add_metric([name], n)
        yield family
