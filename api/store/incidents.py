"""What cameras saw, as the watcher tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, and_, or_, select, update

from api.store.side_tables import incidents
from api.store.tables import case_reports
from api.store.upsert import upsert

IncidentState = Literal["open", "cleared"]


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem in front of one camera, from when it is seen until it is gone."""

    id: str
    """Given by the watcher."""
    camera_id: str
    label: str
    state: IncidentState
    started_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    """When the latest news of it came in."""
    revision: int
    """Grows with the watcher's news."""
    frames: int
    """Seen in so many."""
    peak: Mapping[str, Any]
    """The finding with the highest score."""
    photo_sha256: str | None
    """The frame of the peak."""
    report_id: str | None
    """What it came to; None: not handed in yet."""


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents are wanted; None: all."""

    camera_ids: Sequence[str] | None = None
    label: str | None = None
    state: IncidentState | None = None
    case_id: str | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None


_COLUMNS: Final = tuple(incidents.c[field.name] for field in fields(Incident))


def insert_incident(connection: Connection, incident: Incident) -> bool:
    """Add an incident.

    Returns:
        False if there is one with this id: nothing was changed.
    """
    statement = upsert(connection, incidents).values(**_values(incident))
    # SQLAlchemy keeps no count of rows of an INSERT on PostgreSQL.
    added = connection.execute(statement.on_conflict_do_nothing().returning(incidents.c.id))
    return added.one_or_none() is not None


def save_incident(connection: Connection, incident: Incident) -> None:
    """Store an incident that was read with its row locked."""
    connection.execute(
        update(incidents).where(incidents.c.id == incident.id).values(**_values(incident))
    )


def get_incident(
    connection: Connection, incident_id: str, *, lock: bool = False
) -> Incident | None:
    """Return an incident, or None.

    Args:
        connection: In a transaction.
        incident_id: As the watcher gave it.
        lock: Let nobody else change it until the transaction ends (PostgreSQL).
    """
    statement = select(*_COLUMNS).where(incidents.c.id == incident_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else _incident(row)


def list_incidents(
    connection: Connection,
    wanted: IncidentFilter,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> tuple[Incident, ...]:
    """Return a page of incidents, newest first.

    Args:
        connection: In a transaction.
        wanted: Which.
        after: `started_at` and id of the last one of the page before.
        limit: At most so many.
    """
    statement = select(*_COLUMNS)
    if wanted.camera_ids is not None:
        statement = statement.where(incidents.c.camera_id.in_(wanted.camera_ids))
    if wanted.label is not None:
        statement = statement.where(incidents.c.label == wanted.label)
    if wanted.state is not None:
        statement = statement.where(incidents.c.state == wanted.state)
    if wanted.started_from is not None:
        statement = statement.where(incidents.c.started_at >= wanted.started_from)
    if wanted.started_before is not None:
        statement = statement.where(incidents.c.started_at < wanted.started_before)
    if wanted.case_id is not None:
        of_case = select(case_reports.c.report_id).where(case_reports.c.case_id == wanted.case_id)
        statement = statement.where(incidents.c.report_id.in_(of_case))
    if after is not None:
        at, last = after
        earlier = incidents.c.started_at < at
        same_time = and_(incidents.c.started_at == at, incidents.c.id < last)
        statement = statement.where(or_(earlier, same_time))
    newest = statement.order_by(incidents.c.started_at.desc(), incidents.c.id.desc())
    return tuple(_incident(row) for row in connection.execute(newest.limit(limit)))


def _values(incident: Incident) -> dict[str, Any]:
    values = {field.name: getattr(incident, field.name) for field in fields(incident)}
    return values | {"peak": dict(incident.peak)}


def _incident(row: Row[Any]) -> Incident:
    return Incident(**row._mapping)
