"""How much work waits that goes on beside the requests, for the metrics."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from api.store.side_tables import deliveries, webhooks
from api.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits of one kind."""

    count: int
    oldest_at: datetime | None
    """When the oldest came; None: nothing waits."""


def waiting_jobs(connection: Connection) -> Backlog:
    """Return the reports whose photo is not scored yet, those being scored among them."""
    row = connection.execute(select(func.count(), func.min(jobs.c.created_at))).one()
    return Backlog(*row)


def waiting_deliveries(connection: Connection) -> Backlog:
    """Return the deliveries that are not ended, of webhooks that are enabled."""
    waiting = (
        select(func.count(), func.min(deliveries.c.created_at))
        .join_from(deliveries, webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(deliveries.c.state == "waiting", webhooks.c.disabled_at.is_(None))
    )
    return Backlog(*connection.execute(waiting).one())
