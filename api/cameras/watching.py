"""Cameras are registered, say how they are, and are noticed when they fall silent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from api.cameras.camera import SILENT_AFTER, Camera, CameraState, check_hours, check_zone
from api.errors import ConflictError, InvalidError, NotFoundError
from api.photos.entry import enter_photo
from api.principal import Principal
from api.services import Services
from api.store.audit import record_audit
from api.store.cameras import (
    find_camera,
    insert_camera,
    list_cameras,
    list_silent_cameras,
    save_camera,
)
from api.store.outbox import TYPE_PREFIX, record_event
from api.store.photos import get_photo

FRAME_EVERY: Final = timedelta(hours=1)
"""A frame is kept so often, and whenever the state changes: 24 a day are enough for a wall of
pictures, one a minute would fill the disk."""
WATCH_EVERY_S: Final = 30.0
"""How often cameras that fell silent are looked for."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a camera is."""

    state: CameraState
    at: datetime | None = None
    """By the watcher's clock; None: now."""


def register_camera(services: Services, principal: Principal, camera: Camera) -> Camera:
    """Add a camera.

    Raises:
        ForbiddenError: It lies outside the key's grid cells.
        ConflictError: Its code is taken.
        InvalidError: A zone, its hours or a label make no sense.
    """
    check_camera(services, camera)
    principal.check_sees(grid_of(services, camera))
    try:
        with services.database.write() as connection:
            insert_camera(connection, camera)
            _audit(services, connection, principal, "camera.registered", camera)
    except IntegrityError as error:
        raise _code_taken(camera) from error
    return camera


def change_camera(
    services: Services, principal: Principal, name: str, change: Callable[[Camera], Camera]
) -> Camera:
    """Change what is known of a camera.

    Args:
        services: What the service works with.
        principal: Who does it.
        name: Its id or code.
        change: Returns it as it is to be.

    Raises:
        NotFoundError: There is none, or not for this key.
        ForbiddenError: It would lie outside the key's grid cells.
        ConflictError: Its new code is taken.
        InvalidError: A zone, its hours or a label make no sense.
    """
    try:
        with services.database.write() as connection:
            camera = change(see_camera(services, connection, principal, name, lock=True))
            check_camera(services, camera)
            principal.check_sees(grid_of(services, camera))
            save_camera(connection, camera)
            _audit(services, connection, principal, "camera.changed", camera)
    except IntegrityError as error:
        raise _code_taken(camera) from error
    return camera


def retire_camera(services: Services, principal: Principal, name: str) -> Camera:
    """Take a camera out of use; what it saw stays.

    Raises:
        NotFoundError: There is none, or not for this key.
    """
    now = services.clock()
    with services.database.write() as connection:
        camera = see_camera(services, connection, principal, name, lock=True)
        if camera.retired_at is None:
            camera = replace(camera, retired_at=now)
            save_camera(connection, camera)
            _audit(services, connection, principal, "camera.retired", camera)
    return camera


def find_cameras(
    services: Services, principal: Principal, *, retired: bool = False
) -> tuple[Camera, ...]:
    """Return the cameras that a key sees, in the order of their codes."""
    with services.database.read() as connection:
        found = list_cameras(connection, retired=retired)
    everything = not principal.grids  # It need not wait for thousands of look-ups.
    return tuple(one for one in found if everything or principal.sees(grid_of(services, one)))


def record_heartbeat(
    services: Services,
    principal: Principal,
    name: str,
    beat: Heartbeat,
    frame: bytes | None = None,
) -> Camera:
    """Note how a camera is; a changed state is told to whoever subscribed.

    News older than the newest change nothing. A time in the future counts as now: the watcher's
    clock may be wrong, and a camera must not seem alive for hours to come.

    Args:
        services: What the service works with.
        principal: Who says so.
        name: The camera's id or code.
        beat: How it is.
        frame: A picture of it; kept once an hour, and when the state changes.

    Raises:
        NotFoundError: There is no such camera in use, or not for this key.
        StorageError: It could not be kept.
    """
    now = services.clock()
    at = now if beat.at is None else min(beat.at, now)
    if frame is not None:
        with services.database.read() as connection:
            seen = see_camera(services, connection, principal, name, in_use=True)
            keep = seen.state != beat.state or _wants_frame(connection, seen, now)
        frame = frame if keep else None
    sha256 = None if frame is None else services.photos.put(frame)
    with services.database.write() as connection:
        camera = see_camera(services, connection, principal, name, lock=True, in_use=True)
        if camera.heartbeat_at is not None and at < camera.heartbeat_at:
            return camera
        if frame is not None and sha256 is not None:
            enter_photo(connection, services.photos, sha256, frame, at=now)
            camera = replace(camera, frame_sha256=sha256)
        return _set_state(services, connection, camera, beat.state, at, heartbeat_at=at)


def notice_silent_cameras(services: Services) -> float:
    """Call cameras offline that fell silent; a step of a `Loop`: returns when to look again, s."""
    now = services.clock()
    with services.database.read() as connection:
        silent = list_silent_cameras(connection, now - SILENT_AFTER)
    for camera_id in silent:
        with services.database.write() as connection:
            camera = find_camera(connection, camera_id, lock=True)
            # Another replica may have been faster, or the camera was heard of again.
            if camera is None or camera.state == "offline" or camera.heartbeat_at is None:
                continue
            if camera.heartbeat_at < now - SILENT_AFTER:
                _set_state(services, connection, camera, "offline", now, camera.heartbeat_at)
    return WATCH_EVERY_S


def see_camera(
    services: Services,
    connection: Connection,
    principal: Principal,
    name: str,
    *,
    lock: bool = False,
    in_use: bool = False,
) -> Camera:
    """Return a camera that a key may know of.

    Raises:
        NotFoundError: There is none, it lies elsewhere, or it is retired and `in_use` asked.
    """
    camera = find_camera(connection, name, lock=lock)
    if (
        camera is None
        or not principal.sees(grid_of(services, camera))
        or (in_use and camera.retired_at is not None)
    ):
        raise NotFoundError("camera", name)
    return camera


def grid_of(services: Services, camera: Camera) -> str | None:
    """Return the grid cell in which a camera hangs."""
    if camera.lat is None or camera.lon is None:
        return None
    return services.grid.find(camera.lat, camera.lon)


def check_camera(services: Services, camera: Camera) -> None:
    """Check what a person entered of a camera.

    Raises:
        InvalidError: A zone, its hours or a label make no sense.
    """
    for zone in camera.zones:
        check_zone(zone.points)
    check_hours(camera.hours)
    wanted = [*camera.labels, *(label for zone in camera.zones for label in zone.labels)]
    check_labels(services, wanted)


def check_labels(services: Services, labels: list[str]) -> None:
    """Check that labels are those of the bureau's rules.

    Raises:
        InvalidError: One is not.
    """
    known = services.rules.events
    if unknown := sorted(set(labels) - set(known)):
        raise InvalidError(
            "unknown_label",
            f"There is no label {', '.join(map(repr, unknown))}.",
            f"Choose from {', '.join(known)}.",
        )


def _set_state(
    services: Services,
    connection: Connection,
    camera: Camera,
    state: CameraState,
    at: datetime,
    heartbeat_at: datetime,
) -> Camera:
    before = camera.state
    changed = replace(
        camera,
        state=state,
        state_since=camera.state_since if before == state else at,
        heartbeat_at=heartbeat_at,
    )
    save_camera(connection, changed)
    if before != state:
        record_event(
            connection,
            type=f"{TYPE_PREFIX}.camera.{state}",
            subject=f"cameras/{camera.id}",
            grid_code=grid_of(services, camera),
            at=at,
            data={"camera": describe_camera(services, changed), "from_state": before},
        )
    return changed


def describe_camera(services: Services, camera: Camera) -> dict[str, Any]:
    """Return what subscribers are told of a camera."""
    return {
        "id": camera.id,
        "code": camera.code,
        "name": camera.name,
        "place": camera.place,
        "site": camera.site,
        "state": camera.state,
        "position": None if camera.lat is None else {"lat": camera.lat, "lng": camera.lon},
        "grid_code": grid_of(services, camera),
        "path": f"/v1/cameras/{camera.id}",
    }


def _wants_frame(connection: Connection, camera: Camera, now: datetime) -> bool:
    sha256 = camera.frame_sha256
    return sha256 is None or now - get_photo(connection, sha256).stored_at >= FRAME_EVERY


def _audit(
    services: Services, connection: Connection, principal: Principal, action: str, camera: Camera
) -> None:
    record_audit(
        services.database,
        connection,
        at=services.clock(),
        actor=principal.actor,
        action=action,
        target=f"cameras/{camera.id}",
        details={"code": camera.code},
    )


def _code_taken(camera: Camera) -> ConflictError:
    return ConflictError(
        "camera_code_taken",
        f"There is a camera with the code {camera.code!r} already.",
        "Codes stay taken when a camera is retired; change that camera, or choose another code.",
    )
