"""Cameras and incidents as the API takes and shows them."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from api.cameras.camera import (
    MOST_ZONE_POINTS,
    Camera,
    CameraPlace,
    CameraState,
    Zone,
    ZoneKind,
    state_at,
    state_since,
)
from api.cameras.incidents import IncidentNews, RecordedIncident
from api.cameras.watching import grid_of
from api.cases.places import to_wgs84
from api.schemas.types import (
    Answer,
    Body,
    Datum,
    Label,
    Latitude,
    Longitude,
    ShortText,
    UtcDatetime,
)
from api.services import Services
from detector.detections import Severity

EXAMPLE_ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"

CameraCode = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x20\x7f/?#%\\]+$")
]
"""As the bureau calls it; no spaces, and nothing that means something in an address."""
IncidentId = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9._:-]+$")
]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Pixels = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class PositionBody(Body):
    """Where a camera hangs."""

    lat: Latitude = Field(examples=[31.2304])
    lng: Longitude = Field(examples=[121.4737])
    datum: Datum = "wgs84"


class ZoneBody(Body):
    """A polygon in the frame."""

    points: tuple[tuple[Share, Share], ...] = Field(
        min_length=3,
        max_length=MOST_ZONE_POINTS,
        description="Corners as shares of width and height, origin top left; sides may not cross.",
        examples=[[[0.1, 0.4], [0.9, 0.4], [0.9, 1.0], [0.1, 1.0]]],
    )
    kind: ZoneKind = Field(
        default="include", description="With one include zone or more, only they count."
    )
    labels: tuple[Label, ...] = Field(default=(), max_length=20, description="Empty: every label.")
    name: ShortText | None = None


class CameraBody(Body):
    """A camera to register."""

    code: CameraCode = Field(examples=["HP-0137"])
    name: ShortText = Field(examples=["南京东路 100 号路口"])
    place: CameraPlace = Field(default="street", description="site: it watches a building site.")
    site: ShortText | None = Field(default=None, examples=["滨江三期"])
    position: PositionBody | None = None
    labels: tuple[Label, ...] = Field(default=(), max_length=20, description="Empty: every label.")
    hours: tuple[tuple[TimeOfDay, TimeOfDay], ...] = Field(
        default=(),
        max_length=6,
        description="Local times between which it watches; empty: always.",
        examples=[[["06:00", "22:00"]]],
    )
    zones: tuple[ZoneBody, ...] = Field(default=(), max_length=20)


class CameraPatch(Body):
    """What is to change; what is left out stays. null takes a site or a position away."""

    code: CameraCode = "-"
    name: ShortText = "-"
    place: CameraPlace = "street"
    site: ShortText | None = None
    position: PositionBody | None = None
    labels: tuple[Label, ...] = Field(default=(), max_length=20)
    hours: tuple[tuple[TimeOfDay, TimeOfDay], ...] = Field(default=(), max_length=6)
    zones: tuple[ZoneBody, ...] = Field(default=(), max_length=20)


class PositionAnswer(Answer):
    """A place, WGS-84."""

    lat: float
    lng: float


class ZoneAnswer(Answer):
    """A polygon in the frame."""

    points: tuple[tuple[float, float], ...]
    kind: ZoneKind
    labels: tuple[str, ...]
    name: str | None


class CameraAnswer(Answer):
    """A camera."""

    id: str = Field(examples=[EXAMPLE_ID])
    code: str = Field(examples=["HP-0137"])
    name: str
    place: CameraPlace
    site: str | None
    position: PositionAnswer | None
    grid_code: str | None
    labels: tuple[str, ...]
    hours: tuple[tuple[str, str], ...]
    zones: tuple[ZoneAnswer, ...]
    created_at: UtcDatetime
    state: CameraState | None = Field(
        description="offline also when nothing was heard for five minutes; null: never heard of."
    )
    state_since: UtcDatetime | None
    heartbeat_at: UtcDatetime | None
    frame_sha256: str | None = Field(description="The last frame kept: GET /v1/photos/{sha256}.")
    retired_at: UtcDatetime | None


class HeartbeatBody(Body):
    """How a camera is."""

    state: CameraState
    at: UtcDatetime | None = Field(
        default=None, description="By the watcher's clock; left out: now. Late news change nothing."
    )


class PeakBody(Body):
    """The finding with the highest score."""

    score: Share
    box_xyxy: tuple[Pixels, Pixels, Pixels, Pixels] = Field(
        description="Pixels of the frame.", examples=[[120, 200, 340, 420]]
    )
    severity: Severity | None = None
    at: UtcDatetime | None = Field(default=None, description="When the frame was taken.")
    image_wh: tuple[int, int] | None = Field(default=None, examples=[[1920, 1080]])
    track: ShortText | None = None


def _read_object(value: Any) -> Any:
    """A form holds text only: its objects come as JSON."""
    return json.loads(value) if isinstance(value, str) else value


class IncidentBody(Body):
    """What a watcher says of an incident."""

    id: IncidentId = Field(description="The same in all its news.", examples=["HP-0137.20260302.7"])
    camera: CameraCode = Field(description="Id or code.", examples=["HP-0137"])
    label: Label = Field(examples=["overflowing_bin"])
    state: Literal["open", "cleared"]
    revision: int = Field(ge=1, le=2**31 - 1, description="Grows with each news.")
    started_at: UtcDatetime
    ended_at: UtcDatetime | None = None
    frames: int = Field(default=1, ge=0, le=2**31 - 1, description="Seen in so many.")
    peak: Annotated[PeakBody, BeforeValidator(_read_object)] = Field(
        description="In a multipart form: as JSON."
    )

    @model_validator(mode="after")
    def _check_times(self) -> "IncidentBody":
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError("ended_at lies before started_at")
        return self


class IncidentAnswer(Answer):
    """An incident."""

    id: str
    camera_id: str = Field(examples=[EXAMPLE_ID])
    label: str
    state: Literal["open", "cleared"]
    revision: int
    started_at: UtcDatetime
    ended_at: UtcDatetime | None
    updated_at: UtcDatetime
    frames: int
    peak: dict[str, Any]
    photo_sha256: str | None
    report_id: str | None
    case_ids: tuple[str, ...] = Field(description="Empty while its picture waits to be scored.")


class RecordedAnswer(IncidentAnswer):
    """An incident after news of it."""

    applied: bool = Field(description="false: these or newer news were known already.")


def make_zones(bodies: tuple[ZoneBody, ...]) -> tuple[Zone, ...]:
    """Return zones as values."""
    return tuple(Zone(one.points, one.kind, one.labels, one.name) for one in bodies)


def make_place(position: PositionBody | None) -> tuple[float | None, float | None]:
    """Return WGS-84 latitude and longitude."""
    if position is None:
        return None, None
    place = to_wgs84(position.lat, position.lng, position.datum)
    return place.lat, place.lon


def make_news(body: IncidentBody) -> IncidentNews:
    """Return an incident's news as a value."""
    return IncidentNews(
        id=body.id,
        camera=body.camera,
        label=body.label,
        state=body.state,
        revision=body.revision,
        started_at=body.started_at,
        ended_at=body.ended_at,
        frames=body.frames,
        peak=body.peak.model_dump(mode="json"),
    )


def show_camera(services: Services, camera: Camera) -> CameraAnswer:
    """Return a camera as the API shows it, with its state as of now."""
    now = services.clock()
    position = None
    if camera.lat is not None and camera.lon is not None:
        position = PositionAnswer(lat=camera.lat, lng=camera.lon)
    zones = tuple(
        ZoneAnswer(points=zone.points, kind=zone.kind, labels=zone.labels, name=zone.name)
        for zone in camera.zones
    )
    return CameraAnswer(
        id=camera.id,
        code=camera.code,
        name=camera.name,
        place=camera.place,
        site=camera.site,
        position=position,
        grid_code=grid_of(services, camera),
        labels=camera.labels,
        hours=camera.hours,
        zones=zones,
        created_at=camera.created_at,
        state=state_at(camera, now),
        state_since=state_since(camera, now),
        heartbeat_at=camera.heartbeat_at,
        frame_sha256=camera.frame_sha256,
        retired_at=camera.retired_at,
    )


def show_incident(recorded: RecordedIncident) -> dict[str, Any]:
    """Return an incident's fields as the API shows them."""
    one = recorded.incident
    return {
        "id": one.id,
        "camera_id": one.camera_id,
        "label": one.label,
        "state": one.state,
        "revision": one.revision,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "updated_at": one.updated_at,
        "frames": one.frames,
        "peak": dict(one.peak),
        "photo_sha256": one.photo_sha256,
        "report_id": one.report_id,
        "case_ids": recorded.case_ids,
    }
