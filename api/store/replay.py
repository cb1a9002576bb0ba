"""Events sent again: those asked for, or all that did not reach a webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, exists, insert, literal, or_, select, true

from api.errors import NotFoundError
from api.store.outbox import PING_TYPE
from api.store.scope import visible
from api.store.side_tables import deliveries, outbox
from api.store.webhooks import Webhook

REPLAY_AT_ONCE: Final = 10_000
"""Events that one call replays at most: the transaction stays short."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay put in line."""

    events: int
    more: bool
    """There are more than one call replays: ask again."""


def replay_deliveries(
    connection: Connection, webhook_id: str, delivery_ids: Sequence[int], at: datetime
) -> Replayed:
    """Send the events of these deliveries again, except those that wait anyway.

    Raises:
        NotFoundError: The webhook has no delivery of one of these ids.
    """
    asked = sorted(set(delivery_ids))
    rows = connection.execute(
        select(deliveries.c.id, deliveries.c.event_seq).where(
            deliveries.c.webhook_id == webhook_id, deliveries.c.id.in_(asked)
        )
    ).all()
    missing = set(asked) - {row.id for row in rows}
    if missing:
        raise NotFoundError("delivery", str(min(missing)))
    seqs = {row.event_seq for row in rows}
    wanted = select(outbox.c.seq).where(outbox.c.seq.in_(seqs))
    return _put_in_line(connection, webhook_id, wanted, ("waiting",), at)


def replay_since(
    connection: Connection, webhook: Webhook, since: datetime, at: datetime
) -> Replayed:
    """Send every event since a time that the webhook wants and that has not reached it.

    Those are failed ones, and those that happened while it was disabled or did not exist.
    """
    wanted_types = [
        or_(outbox.c.type == one, outbox.c.type.startswith(f"{one}.", autoescape=True))
        for one in webhook.types
    ]
    wanted = select(outbox.c.seq).where(
        outbox.c.at >= since,
        outbox.c.type != PING_TYPE,
        or_(*wanted_types) if wanted_types else true(),
        visible(outbox.c.grid_code, webhook.grids),
    )
    return _put_in_line(connection, webhook.id, wanted, ("waiting", "delivered"), at)


def _put_in_line(
    connection: Connection, webhook_id: str, wanted: Any, unless: tuple[str, ...], at: datetime
) -> Replayed:
    other = deliveries.alias("other")
    there = exists().where(
        other.c.webhook_id == webhook_id,
        other.c.event_seq == outbox.c.seq,
        other.c.state.in_(unless),
    )
    seqs = connection.scalars(
        wanted.where(~there).order_by(outbox.c.seq).limit(REPLAY_AT_ONCE + 1)
    ).all()
    more = len(seqs) > REPLAY_AT_ONCE
    if seqs:
        rows = select(
            literal(webhook_id), outbox.c.seq, outbox.c.subject, literal("waiting"), *_times(at)
        ).where(outbox.c.seq.in_(seqs[:REPLAY_AT_ONCE]))
        names = ["webhook_id", "event_seq", "subject", "state", "created_at", "next_at"]
        connection.execute(insert(deliveries).from_select(names, rows.order_by(outbox.c.seq)))
    return Replayed(min(len(seqs), REPLAY_AT_ONCE), more)


def _times(at: datetime) -> tuple[Any, Any]:
    kind = deliveries.c.created_at.type
    return literal(at, kind).label("created_at"), literal(at, kind).label("next_at")
