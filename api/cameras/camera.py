"""A camera as a value: where it hangs, what it is to look for, and how it is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from shapely.errors import ShapelyError
from shapely.geometry import Polygon

from api.errors import InvalidError

CameraState = Literal["live", "frozen", "black", "blurred", "moved", "offline"]
CameraPlace = Literal["site", "street"]
ZoneKind = Literal["include", "exclude"]

SILENT_AFTER: Final = timedelta(minutes=5)
"""A watcher beats once a minute: five in a row were lost, so it is no hiccup of the network."""
MOST_ZONE_POINTS: Final = 64
"""A zone is drawn by hand."""
SMALLEST_ZONE_AREA: Final = 1e-4
"""Of the frame: 14 x 14 pixels of 1920 x 1080. Less is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in the frame."""

    points: tuple[tuple[float, float], ...]
    """Shares of width and height, 0..1, origin top left; the last point joins the first."""
    kind: ZoneKind = "include"
    """With at least one `include` zone only what lies in one counts; `exclude` always wins."""
    labels: tuple[str, ...] = ()
    """What it is for; empty: every label."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """A registered camera."""

    id: str
    code: str
    """As the bureau calls it."""
    name: str
    place: CameraPlace
    site: str | None
    """Building site that it watches."""
    lat: float | None
    """WGS-84 degrees."""
    lon: float | None
    labels: tuple[str, ...]
    """What it is to look for; empty: everything."""
    hours: tuple[tuple[str, str], ...]
    """Local times from and to, such as ("06:00", "22:00"); empty: always."""
    zones: tuple[Zone, ...]
    created_at: datetime
    state: CameraState | None = None
    """As last said; None: it was never heard of."""
    state_since: datetime | None = None
    heartbeat_at: datetime | None = None
    frame_sha256: str | None = None
    """The last frame that was kept."""
    retired_at: datetime | None = None


def is_silent(camera: Camera, now: datetime) -> bool:
    """Tell whether a camera that was heard of has not been for too long."""
    return camera.heartbeat_at is not None and now - camera.heartbeat_at > SILENT_AFTER


def state_at(camera: Camera, now: datetime) -> CameraState | None:
    """Return how a camera is: one that went silent is offline, whatever it said last."""
    return "offline" if is_silent(camera, now) else camera.state


def state_since(camera: Camera, now: datetime) -> datetime | None:
    """Return since when a camera is as `state_at` says; silence begins at the last heartbeat."""
    if state_at(camera, now) != "offline":
        return camera.state_since
    if camera.state != "offline":
        return camera.heartbeat_at
    known = (camera.state_since, camera.heartbeat_at)  # Told or noticed, whichever came first
    return min((one for one in known if one is not None), default=None)


def noticed_since(camera: Camera, now: datetime) -> datetime | None:
    """Return when a camera's state could first be seen: silence shows after a while only."""
    since = state_since(camera, now)
    silent = is_silent(camera, now) and since == camera.heartbeat_at
    return since + SILENT_AFTER if silent and since is not None else since


def check_zone(points: Sequence[tuple[float, float]]) -> None:
    """Check that points in the frame make a plain polygon.

    Raises:
        InvalidError: Too few or too many points, a point outside the frame, sides that cross or
            touch, or no area.
    """
    if not 3 <= len(points) <= MOST_ZONE_POINTS:
        raise _zone_error(f"A zone has 3 to {MOST_ZONE_POINTS} points, not {len(points)}.")
    if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points):  # False for NaN as well.
        raise _zone_error("A point lies outside the frame.")
    try:
        polygon = Polygon(points)
        plain = polygon.is_valid
    except (ShapelyError, ValueError) as error:
        raise _zone_error("The points make no polygon.") from error
    if not plain:
        raise _zone_error("The sides cross or touch each other.")
    if polygon.area < SMALLEST_ZONE_AREA:
        raise _zone_error("The zone has almost no area.")


def check_hours(hours: Sequence[tuple[str, str]]) -> None:
    """Check that spans of the day follow each other without overlap.

    A span that ends before it begins goes over midnight; it must be the last one.

    Raises:
        InvalidError: They do not, or a span has no length.
    """
    end_before = ""
    for at, (start, end) in enumerate(hours):
        over_midnight = end < start
        if start == end:
            raise _hours_error(f"The span {start}-{end} has no length; leave hours out for always.")
        if start < end_before:
            raise _hours_error(f"The span {start}-{end} begins before the one before it ends.")
        if over_midnight and (at != len(hours) - 1 or end > hours[0][0]):
            raise _hours_error(f"The span {start}-{end} goes over midnight into another span.")
        end_before = end


def _zone_error(message: str) -> InvalidError:
    return InvalidError(
        "zone_invalid",
        message,
        "Give the corners one after the other, as shares of width and height from 0 to 1.",
    )


def _hours_error(message: str) -> InvalidError:
    return InvalidError(
        "hours_invalid", message, 'Such as [["06:00", "12:00"], ["14:00", "22:00"]]'
    )
