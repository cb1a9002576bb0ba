"""One delivery is one event on its way to one webhook: claimed, tried, ended.

A claim is a number that grows with every claim, and `next_at` as its end: while a replica tries a
delivery, `next_at` lies ahead; when the replica dies, that time comes and another one takes over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, exists, select, true, tuple_, update

from api.store.side_tables import deliveries, outbox, webhooks
from api.store.webhooks import Webhook

DeliveryState = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox."""

    id: str
    seq: int
    type: str
    subject: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is this replica's to try."""

    id: int
    claim: int
    webhook: Webhook
    event: Event
    attempts: int
    """With this one."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as a list shows it."""

    id: int
    event_id: str
    type: str
    subject: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    """When it is tried next, or its claim ends; None: it is over."""
    last_status: int | None
    last_error: str | None
    ended_at: datetime | None


def find_due_webhooks(connection: Connection, now: datetime) -> tuple[str, ...]:
    """Return the enabled webhooks for which something may be due, in order of their ids."""
    due = exists().where(
        deliveries.c.webhook_id == webhooks.c.id,
        deliveries.c.state == "waiting",
        deliveries.c.next_at <= now,
    )
    enabled = select(webhooks.c.id).where(webhooks.c.disabled_at.is_(None), due)
    return tuple(connection.scalars(enabled.order_by(webhooks.c.id)))


def find_ready_deliveries(
    connection: Connection, webhook_id: str, *, now: datetime, most: int
) -> tuple[int, ...]:
    """Return deliveries of one webhook that are due and behind no earlier one of their subject.

    With a long backlog this takes time: call it in a transaction that reads.

    Args:
        connection: In a transaction.
        webhook_id: Whose.
        now: The time.
        most: At most so many.
    """
    ready = select(deliveries.c.id).where(deliveries.c.webhook_id == webhook_id, *_ready(now))
    # By the index alone: to sort also by event would mean reading the whole backlog.
    return tuple(connection.scalars(ready.order_by(deliveries.c.next_at).limit(most)))


def claim_deliveries(
    connection: Connection,
    webhook: Webhook,
    found: Sequence[int],
    *,
    now: datetime,
    until: datetime,
) -> tuple[ClaimedDelivery, ...]:
    """Take those of the deliveries found that are still ready, in the order of their events.

    Of each subject only the earliest waiting event can be ready, so order is kept also over
    replicas and over failed tries.

    Args:
        connection: In a transaction that writes.
        webhook: Whose they are, as it was read in this transaction.
        found: Ids from `find_ready_deliveries`.
        now: The time.
        until: When others may take them over.
    """
    if webhook.disabled_at is not None or not found:
        return ()
    free = (
        select(deliveries.c.id)
        .where(deliveries.c.id.in_(found), deliveries.c.webhook_id == webhook.id, *_ready(now))
        .with_for_update(skip_locked=True)  # SQLite has one writer and no such words.
    )
    ids = connection.scalars(free).all()
    if not ids:
        return ()
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(claim=deliveries.c.claim + 1, attempts=deliveries.c.attempts + 1, next_at=until)
    )
    rows = connection.execute(
        select(
            deliveries.c.id,
            deliveries.c.claim,
            deliveries.c.attempts,
            deliveries.c.created_at,
            outbox.c.id.label("event_id"),
            outbox.c.seq,
            outbox.c.type,
            outbox.c.subject,
            outbox.c.at,
            outbox.c.data,
        )
        .join(outbox, outbox.c.seq == deliveries.c.event_seq)
        .where(deliveries.c.id.in_(ids))
        .order_by(outbox.c.seq)
    )
    return tuple(
        ClaimedDelivery(
            id=row.id,
            claim=row.claim,
            webhook=webhook,
            event=Event(row.event_id, row.seq, row.type, row.subject, row.at, row.data),
            attempts=row.attempts,
            created_at=row.created_at,
        )
        for row in rows
    )


def finish_delivery(
    connection: Connection, taken: ClaimedDelivery, *, at: datetime, status: int
) -> bool:
    """Note that the receiver has it; False: the claim has passed to another replica.

    One that failed meanwhile because its webhook was disabled is delivered all the same.
    """
    return _end(connection, taken, ("waiting", "failed"), "delivered", at, status, None)


def fail_delivery(
    connection: Connection, taken: ClaimedDelivery, *, at: datetime, status: int | None, error: str
) -> bool:
    """Give up; False: the claim has passed to another replica."""
    return _end(connection, taken, ("waiting",), "failed", at, status, error)


def postpone_delivery(
    connection: Connection,
    taken: ClaimedDelivery,
    *,
    next_at: datetime,
    status: int | None,
    error: str,
) -> bool:
    """Note a try that failed, and when to try again; False: another replica has it."""
    changed = connection.execute(
        update(deliveries)
        .where(*_is_ours(taken), deliveries.c.state == "waiting")
        .values(next_at=next_at, last_status=status, last_error=error)
    )
    return changed.rowcount > 0


def give_back_delivery(connection: Connection, taken: ClaimedDelivery, now: datetime) -> bool:
    """Undo a claim without a try; False: another replica has it."""
    changed = connection.execute(
        update(deliveries)
        .where(*_is_ours(taken), deliveries.c.state == "waiting")
        .values(next_at=now, attempts=deliveries.c.attempts - 1)
    )
    return changed.rowcount > 0


def has_delivered_since(connection: Connection, webhook_id: str, since: datetime) -> bool:
    """Tell whether anything reached the webhook at or after a time."""
    found = exists().where(
        deliveries.c.webhook_id == webhook_id,
        deliveries.c.state == "delivered",
        deliveries.c.ended_at >= since,
    )
    return bool(connection.scalar(select(found)))


def list_deliveries(
    connection: Connection,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[Delivery, ...]:
    """Return a page of a webhook's deliveries, newest first.

    Args:
        connection: In a transaction.
        webhook_id: Whose.
        state: Only such; None: all.
        before: Id of the last delivery of the page before; None: the first page.
        limit: At most so many.
    """
    statement = (
        select(deliveries, outbox.c.id.label("event_id"), outbox.c.type)
        .join(outbox, outbox.c.seq == deliveries.c.event_seq)
        .where(
            deliveries.c.webhook_id == webhook_id,
            true() if state is None else deliveries.c.state == state,
            true() if before is None else deliveries.c.id < before,
        )
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return tuple(
        Delivery(
            id=row.id,
            event_id=row.event_id,
            type=row.type,
            subject=row.subject,
            state=cast(DeliveryState, row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            next_at=row.next_at if row.state == "waiting" else None,
            last_status=row.last_status,
            last_error=row.last_error,
            ended_at=row.ended_at,
        )
        for row in connection.execute(statement)
    )


def _ready(now: datetime) -> tuple[ColumnElement[bool], ...]:
    earlier = deliveries.alias("earlier")
    blocked = exists().where(
        earlier.c.webhook_id == deliveries.c.webhook_id,
        earlier.c.subject == deliveries.c.subject,
        earlier.c.state == "waiting",
        tuple_(earlier.c.event_seq, earlier.c.id) < tuple_(deliveries.c.event_seq, deliveries.c.id),
    )
    return deliveries.c.state == "waiting", deliveries.c.next_at <= now, ~blocked


def _is_ours(taken: ClaimedDelivery) -> tuple[Any, Any]:
    return deliveries.c.id == taken.id, deliveries.c.claim == taken.claim


def _end(
    connection: Connection,
    taken: ClaimedDelivery,
    from_states: tuple[DeliveryState, ...],
    state: DeliveryState,
    at: datetime,
    status: int | None,
    error: str | None,
) -> bool:
    changed = connection.execute(
        update(deliveries)
        .where(*_is_ours(taken), deliveries.c.state.in_(from_states))
        .values(state=state, ended_at=at, last_status=status, last_error=error)
    )
    return changed.rowcount > 0
