"""What the wall of cameras asks the ledger: open incidents, when dust was seen, past states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from sqlalchemy import Connection, func, or_, select

from api.cameras.camera import Camera
from api.cameras.dust import Span
from api.cameras.sight import known_until
from api.store.incidents import Incident, IncidentFilter, list_incidents
from api.store.outbox import TYPE_PREFIX
from api.store.side_tables import incidents, outbox
from api.store.tables import photos

DUST: Final = "site_dust"
MOST_OPEN: Final = 500
"""Open incidents shown of a page of cameras."""
_STATE_PREFIX: Final = f"{TYPE_PREFIX}.camera."


@dataclass(frozen=True, slots=True)
class DustSpan:
    """One time that a camera saw dust."""

    camera_id: str
    span: Span
    is_open: bool
    """It goes on, as far as is known: the span ends with the window."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera became so."""

    at: datetime
    state: str


def count_open(connection: Connection) -> dict[str, int]:
    """Return how many open incidents each camera has, by its id; those without one are left out."""
    rows = connection.execute(
        select(incidents.c.camera_id, func.count())
        .where(incidents.c.state == "open")
        .group_by(incidents.c.camera_id)
    )
    return {camera_id: int(count) for camera_id, count in rows}


def open_incidents(
    connection: Connection, camera_ids: Sequence[str]
) -> dict[str, tuple[Incident, ...]]:
    """Return the open incidents of some cameras, newest first, by the camera's id."""
    found: dict[str, tuple[Incident, ...]] = {}
    wanted = IncidentFilter(camera_ids=camera_ids, state="open")
    for one in list_incidents(connection, wanted, limit=MOST_OPEN):
        found[one.camera_id] = (*found.get(one.camera_id, ()), one)
    return found


def list_dust(
    connection: Connection, cameras: Sequence[Camera], window: Span, timezone: tzinfo
) -> tuple[DustSpan, ...]:
    """Return when some cameras saw dust, cut to a window, the earliest first.

    Args:
        connection: To the ledger.
        cameras: Which, as they are now.
        window: It ends now. An incident that is still open goes on to its end, or as long as is
            known (`known_until`).
        timezone: Of the cameras' hours.
    """
    by_id = {one.id: one for one in cameras}
    rows = connection.execute(
        select(incidents.c.camera_id, incidents.c.started_at, incidents.c.ended_at)
        .where(
            incidents.c.camera_id.in_(by_id),
            incidents.c.label == DUST,
            incidents.c.started_at < window.end,
            or_(incidents.c.ended_at.is_(None), incidents.c.ended_at > window.start),
        )
        .order_by(incidents.c.started_at, incidents.c.id)
    )
    found = []
    for row in rows:
        end = row.ended_at
        if end is None:
            end = known_until(by_id[row.camera_id], row.started_at, window.end, timezone)
        is_open = row.ended_at is None and end == window.end
        start = max(row.started_at, window.start)
        if start < (end := min(end, window.end)):
            found.append(DustSpan(row.camera_id, Span(start, end), is_open))
    return tuple(found)


def list_states(
    connection: Connection, camera: Camera, *, limit: int = 10
) -> tuple[StateChange, ...]:
    """Return how a camera changed, newest first, as far back as events are kept."""
    rows = connection.execute(
        select(outbox.c.at, outbox.c.type)
        .where(
            outbox.c.subject == f"cameras/{camera.id}",
            outbox.c.type.startswith(_STATE_PREFIX, autoescape=True),
        )
        .order_by(outbox.c.seq.desc())
        .limit(limit)
    )
    return tuple(StateChange(row.at, row.type.removeprefix(_STATE_PREFIX)) for row in rows)


def frame_times(connection: Connection, names: Sequence[str]) -> dict[str, datetime]:
    """Return when some frames came in, by their SHA-256."""
    rows = connection.execute(
        select(photos.c.sha256, photos.c.stored_at).where(photos.c.sha256.in_(names))
    )
    return {row.sha256: row.stored_at for row in rows}
