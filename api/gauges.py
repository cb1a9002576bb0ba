"""What /metrics reads only when somebody asks: the queue, the disk, the ledger, the pool."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from api.errors import ApiError
from api.metrics import PREFIX
from api.services import Services
from api.store.backlog import Backlog, waiting_deliveries, waiting_jobs
from api.store.queue import depths
from api.store.retention import total_deleted

logger = logging.getLogger(__name__)


def read_gauges(services: Services) -> Iterator[Metric]:
    """Read the gauges; what cannot be read is left out, never shown as 0."""
    yield from _read_queue(services)
    yield from _read_space(services)
    yield from _read_deleted(services)
    busy = GaugeMetricFamily(PREFIX + "pool_busy", "Tasks that run or wait in the scoring pool.")
    busy.add_metric((), services.pool.busy)
    yield busy


def _read_queue(services: Services) -> Iterator[Metric]:
    up = GaugeMetricFamily(PREFIX + "ledger_up", "1 if the database answers.")
    now = services.clock()
    try:
        with services.database.read() as connection:
            found = depths(connection, now)
            backlogs = {
                "jobs": waiting_jobs(connection),
                "deliveries": waiting_deliveries(connection),
            }
    except ApiError:
        logger.warning("queue_unread", exc_info=True)
        up.add_metric((), 0)
        yield up
        return
    up.add_metric((), 1)
    yield up
    depth = GaugeMetricFamily(
        PREFIX + "queue_depth", "Cases in the queue.", labels=("state", "standing")
    )
    age = GaugeMetricFamily(
        PREFIX + "queue_oldest_seconds",
        "Age of the oldest case there.",
        labels=("state", "standing"),
    )
    for one in found:
        depth.add_metric((one.state, one.standing), one.count)
        # A clock that jumped back makes nothing younger than just opened.
        age_s = max(0.0, (now - one.oldest_since).total_seconds())
        age.add_metric((one.state, one.standing), age_s)
    yield depth
    yield age
    for name, backlog in backlogs.items():
        yield from _show_backlog(name, backlog, now)


def _show_backlog(name: str, backlog: Backlog, now: datetime) -> Iterator[Metric]:
    what, one = _BACKLOGS[name]
    waiting = GaugeMetricFamily(f"{PREFIX}{name}_waiting", what)
    waiting.add_metric((), backlog.count)
    yield waiting
    age_s = 0.0 if backlog.oldest_at is None else (now - backlog.oldest_at).total_seconds()
    oldest = GaugeMetricFamily(
        f"{PREFIX}{name}_oldest_seconds", f"Age of the oldest {one} that waits; 0: none does."
    )
    oldest.add_metric((), max(0.0, age_s))
    yield oldest


_BACKLOGS: Final = {
    "jobs": ("Reports whose photo is not scored yet.", "report"),
    "deliveries": ("Deliveries to enabled webhooks that are not ended.", "delivery"),
}


def _read_space(services: Services) -> Iterator[Metric]:
    try:
        free_bytes = services.photos.free_bytes()
    except ApiError:
        logger.warning("free_space_unread", exc_info=True)
        return
    if free_bytes is not None:
        free = GaugeMetricFamily(PREFIX + "photos_free_bytes", "Space left for photos.")
        free.add_metric((), free_bytes)
        yield free


def _read_deleted(services: Services) -> Iterator[Metric]:
    try:
        with services.database.read() as connection:
            deleted = total_deleted(connection)
    except ApiError:
        return  # `ledger_up` says that the database does not answer.
    originals = CounterMetricFamily(
        PREFIX + "originals_deleted", "Originals that retention deleted, over all replicas."
    )
    originals.add_metric((), deleted.originals)
    yield originals
