"""A change of a case, with all that goes with it, in one transaction.

Its line of history, its place in the queue, its photos in the look-up of copies, and the news for
subscribers stand or fall together.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from api.cases.case import Case, CaseEvent
from api.ids import new_id
from api.services import Services
from api.store.cases import insert_case, insert_event, save_case
from api.store.duplicates import forget_photos
from api.store.outbox import TYPE_PREFIX, record_event
from api.store.queue import put_work, remove_work


def record_opening(
    services: Services, connection: Connection, case: Case, event: CaseEvent
) -> None:
    """Write a new case."""
    insert_case(connection, case)
    _record(services, connection, case, event)


def record_change(
    services: Services,
    connection: Connection,
    case: Case,
    event: CaseEvent,
    *,
    left_grid: str | None = None,
) -> None:
    """Write a case that changed once since it was read.

    Args:
        services: What the service works with.
        connection: In a transaction that writes.
        case: As it is now.
        event: What happened.
        left_grid: The grid cell that it was in before: subscribers there hear that it left.

    Raises:
        ConflictError: Somebody else changed it in between.
    """
    save_case(connection, case)
    _record(services, connection, case, event, left_grid)


def record_note(connection: Connection, case: Case, event: CaseEvent) -> None:
    """Write that something happened around a case that is itself as it was."""
    insert_event(connection, event)
    _tell(connection, case, event)


def make_event(
    case: Case,
    action: str,
    *,
    at: datetime,
    actor: str,
    before: Case | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> CaseEvent:
    """Return the line of history for what led to this case."""
    return CaseEvent(
        id=new_id(),
        case_id=case.id,
        at=at,
        actor=actor,
        action=action,
        from_state=None if before is None else before.state,
        to_state=case.state,
        reason=reason,
        details=details or {},
    )


def describe_case(case: Case) -> dict[str, Any]:
    """Return what subscribers are told of a case: nothing personal."""
    return {
        "id": case.id,
        "number": case.number,
        "label": case.label,
        "event_code": case.event_code,
        "state": case.state,
        "source": case.source,
        "position": None if case.lat is None else {"lat": case.lat, "lng": case.lon},
        "grid_code": case.grid_code,
        "severity": case.severity,
        "priority": case.priority,
        "reports_count": case.reports_count,
        "reporters_count": case.reporters_count,
        "opened_at": _iso(case.opened_at),
        "review_due_at": _iso(case.review_due_at),
        "due_at": _iso(case.due_at),
        "ended_at": _iso(case.ended_at),
        "merged_into": case.merged_into,
        "version": case.version,
        "path": f"/v1/cases/{case.id}",
    }


def _record(
    services: Services,
    connection: Connection,
    case: Case,
    event: CaseEvent,
    left_grid: str | None = None,
) -> None:
    insert_event(connection, event)
    if case.ended_at is None:
        put_work(
            connection,
            case_id=case.id,
            state=case.state,
            label=case.label,
            grid_code=case.grid_code,
            priority=case.priority,
            since=case.opened_at,
            at=event.at,
        )
    else:
        remove_work(connection, case.id)
        forget_photos(connection, case.id)
    _tell(connection, case, event, left_grid)
    services.metrics.decisions_total.labels(case.label or "none", event.action).inc()


def _tell(
    connection: Connection, case: Case, event: CaseEvent, left_grid: str | None = None
) -> None:
    moved = event.from_state is not None and event.from_state != event.to_state
    record_event(
        connection,
        type=f"{TYPE_PREFIX}.case.{event.to_state if moved else event.action}",
        subject=f"cases/{case.id}",
        grid_code=case.grid_code,
        left_grid=left_grid,
        at=event.at,
        data={
            "case": describe_case(case),
            "action": event.action,
            "from_state": event.from_state,
            "actor": event.actor,
        },
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
