"""What Prometheus reads: each service has its own registry, so that tests can have several."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SCORE_BUCKETS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_REQUEST_BUCKETS_S: Final = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
PREFIX: Final = "street_issues_"


class Metrics:
    """Counters that the service's parts move. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start everything at zero."""
        self.registry = CollectorRegistry()
        own = self.registry
        self.score_seconds = Histogram(
            PREFIX + "score_seconds",
            "From a photo's arrival at the pool to its findings.",
            buckets=_SCORE_BUCKETS_S,
            registry=own,
        )
        self.pool_replaced_total = Counter(
            PREFIX + "pool_replaced_total",
            "Workers that hung or died at a task and were replaced.",
            registry=own,
        )
        self.reports_total = Counter(
            PREFIX + "reports_total", "Reports accepted.", ["source"], registry=own
        )
        self.decisions_total = Counter(
            PREFIX + "decisions_total",
            "Moves that people and systems made on cases.",
            ["label", "action"],
            registry=own,
        )
        self.deliveries_total = Counter(
            PREFIX + "deliveries_total",
            "Attempts to deliver to a webhook.",
            ["outcome"],
            registry=own,
        )
        self.request_seconds = Histogram(
            PREFIX + "request_seconds",
            "From a request's head to the end of its answer.",
            ["method", "route", "status"],
            buckets=_REQUEST_BUCKETS_S,
            registry=own,
        )
        self.at_scrape: Callable[[], Iterable[Metric]] = _nothing
        """Reads what is only worth knowing when somebody asks, such as the queue's depth."""
        own.register(_AtScrape(self))

    def render(self) -> bytes:
        """Return everything in Prometheus's text form; may ask the database."""
        return generate_latest(self.registry)


class _AtScrape(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return ()  # Otherwise registering would collect, before there is a database.

    def collect(self) -> Iterable[Metric]:
        return self._metrics.at_scrape()


def _nothing() -> Iterable[Metric]:
    return ()
