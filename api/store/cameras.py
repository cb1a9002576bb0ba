"""Cameras in the ledger."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from api.cameras.camera import Camera, Zone
from api.store.side_tables import cameras

_COLUMNS: Final = tuple(cameras.c[field.name] for field in fields(Camera))


def insert_camera(connection: Connection, camera: Camera) -> None:
    """Add a camera; a code that is taken is an IntegrityError of the database."""
    connection.execute(cameras.insert().values(**_values(camera)))


def save_camera(connection: Connection, camera: Camera) -> None:
    """Store a camera that was read with its row locked."""
    connection.execute(update(cameras).where(cameras.c.id == camera.id).values(**_values(camera)))


def find_camera(connection: Connection, name: str, *, lock: bool = False) -> Camera | None:
    """Return a camera by its id, or by the bureau's code for it.

    Args:
        connection: In a transaction.
        name: Id or code.
        lock: Let nobody else change it until the transaction ends (PostgreSQL).
    """
    for column in (cameras.c.id, cameras.c.code):
        statement = select(*_COLUMNS).where(column == name)
        row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
        if row is not None:
            return _camera(row)
    return None


def list_cameras(connection: Connection, *, retired: bool = False) -> tuple[Camera, ...]:
    """Return the cameras in the order of their codes.

    Args:
        connection: In a transaction.
        retired: Also those that are no longer used.
    """
    statement = select(*_COLUMNS).order_by(cameras.c.code)
    if not retired:
        statement = statement.where(cameras.c.retired_at.is_(None))
    return tuple(_camera(row) for row in connection.execute(statement))


def list_silent_cameras(connection: Connection, heard_before: datetime) -> tuple[str, ...]:
    """Return the ids of cameras in use that went silent and are not yet called offline."""
    return tuple(
        connection.scalars(
            select(cameras.c.id)
            .where(
                cameras.c.heartbeat_at < heard_before,
                cameras.c.state != "offline",
                cameras.c.retired_at.is_(None),
            )
            .order_by(cameras.c.id)
        )
    )


def zone_to_json(zone: Zone) -> dict[str, Any]:
    """Return a zone as it is kept and shown."""
    return {
        "name": zone.name,
        "kind": zone.kind,
        "labels": list(zone.labels),
        "points": [list(point) for point in zone.points],
    }


def _values(camera: Camera) -> Mapping[str, Any]:
    values = {field.name: getattr(camera, field.name) for field in fields(camera)}
    return values | {
        "labels": list(camera.labels),
        "hours": [list(span) for span in camera.hours],
        "zones": [zone_to_json(zone) for zone in camera.zones],
    }


def _camera(row: Row[Any]) -> Camera:
    return Camera(
        **dict(row._mapping)
        | {
            "labels": tuple(row.labels),
            "hours": tuple((start, end) for start, end in row.hours),
            "zones": tuple(_zone(zone) for zone in row.zones),
        }
    )


def _zone(content: Mapping[str, Any]) -> Zone:
    return Zone(
        points=tuple((x, y) for x, y in content["points"]),
        kind=content["kind"],
        labels=tuple(content["labels"]),
        name=content["name"],
    )
