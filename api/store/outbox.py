"""What happened, written in the transaction in which it happens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, insert, select

from api.ids import new_id
from api.store.side_tables import deliveries, outbox, webhooks

TYPE_PREFIX: Final = "cn.street-issues"
PING_TYPE: Final = f"{TYPE_PREFIX}.ping"


def record_event(
    connection: Connection,
    *,
    type: str,  # noqa: A002 (as CloudEvents names it)
    subject: str,
    grid_code: str | None,
    at: datetime,
    data: Mapping[str, Any],
    left_grid: str | None = None,
) -> str:
    """Write one event, and one delivery for each enabled webhook that it is meant for.

    Call it after the row of the case (report, camera) was changed in the same transaction: that
    row's lock is what makes the events of one subject follow each other in order.

    Args:
        connection: Of the transaction that changes what the event tells of.
        type: Such as cn.street-issues.case.opened.
        subject: Such as cases/ID.
        grid_code: Cell of the place; None: in no cell.
        at: When it happened.
        data: JSON without personal data and without secrets.
        left_grid: Cell of the place before; who subscribed there is told, too.

    Returns:
        The event's id, which is also the webhook-id of its deliveries.
    """
    event_id, seq = _insert_event(connection, type, subject, grid_code, at, data)
    enabled = connection.execute(
        select(webhooks.c.id, webhooks.c.types, webhooks.c.grids)
        .where(webhooks.c.disabled_at.is_(None))
        .order_by(webhooks.c.id)
    )
    wanted = [
        row.id
        for row in enabled
        if is_wanted(row.types, type)
        and (lies_within(row.grids, grid_code) or lies_within(row.grids, left_grid))
    ]
    _insert_deliveries(connection, wanted, seq, subject, at)
    return event_id


def record_ping(connection: Connection, webhook_id: str, at: datetime) -> str:
    """Write an event that goes to one webhook alone, to try it out; return the event's id."""
    subject = f"webhooks/{webhook_id}"
    data = {"message": "This is a test.", "webhook": webhook_id}
    event_id, seq = _insert_event(connection, PING_TYPE, subject, None, at, data)
    _insert_deliveries(connection, [webhook_id], seq, subject, at)
    return event_id


def is_wanted(types: Sequence[str], event_type: str) -> bool:
    """Tell whether a type lies at or under one of those subscribed to; none: all are.

    Whole parts count: cn.street-issues.case covers …case.opened, but not …casework.
    """
    return not types or any(f"{event_type}.".startswith(f"{wanted}.") for wanted in types)


def lies_within(grids: Sequence[str], grid_code: str | None) -> bool:
    """Tell whether a cell begins with one of these prefixes; no prefixes: everywhere."""
    if not grids:
        return True
    return grid_code is not None and grid_code.startswith(tuple(grids))


def forget_events(connection: Connection, before: datetime) -> int:
    """Delete old events, with their deliveries, that no enabled webhook still waits for.

    At most a thousand at a time: call it again while it deletes some.

    Returns:
        How many events were deleted.
    """
    waiting = exists().where(
        deliveries.c.event_seq == outbox.c.seq,
        deliveries.c.state == "waiting",
        deliveries.c.webhook_id == webhooks.c.id,
        webhooks.c.disabled_at.is_(None),
    )
    old = select(outbox.c.seq).where(outbox.c.at < before, ~waiting)
    seqs = connection.scalars(old.order_by(outbox.c.seq).limit(1000)).all()
    connection.execute(delete(deliveries).where(deliveries.c.event_seq.in_(seqs)))
    connection.execute(delete(outbox).where(outbox.c.seq.in_(seqs)))
    return len(seqs)


_INSERT_EVENT: Final = insert(outbox).returning(outbox.c.seq)


def _insert_event(
    connection: Connection,
    event_type: str,
    subject: str,
    grid_code: str | None,
    at: datetime,
    data: Mapping[str, Any],
) -> tuple[str, int]:
    event_id = new_id()
    row = {
        "id": event_id,
        "type": event_type,
        "subject": subject,
        "grid_code": grid_code,
        "at": at,
        "data": dict(data),
    }
    seq = connection.scalar(_INSERT_EVENT, row)
    assert seq is not None  # RETURNING of one inserted row
    return event_id, int(seq)


def _insert_deliveries(
    connection: Connection, webhook_ids: Sequence[str], seq: int, subject: str, at: datetime
) -> None:
    if not webhook_ids:
        return
    connection.execute(
        insert(deliveries),
        [
            {
                "webhook_id": webhook_id,
                "event_seq": seq,
                "subject": subject,
                "state": "waiting",
                "created_at": at,
                "next_at": at,
            }
            for webhook_id in webhook_ids
        ],
    )
