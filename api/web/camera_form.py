"""The form of a camera: what was typed, read by the API's own types."""

import json
from dataclasses import replace
from typing import Any, Final

from pydantic import Field, ValidationError

from api.cameras.camera import Camera
from api.errors import ConflictError
from api.ids import new_id
from api.schemas.cameras import CameraBody, make_place
from api.services import Services
from api.store.cameras import zone_to_json
from api.web.forms import PageForm, Seen, sign_content

MOST_HOURS: Final = 6
LEAST_HOUR_ROWS: Final = 3
"""Rows for spans of hours that the form shows at least."""


class CameraForm(PageForm):
    """A camera as it was typed; `read_camera` says what is wrong with it."""

    code: str = Field(default="", max_length=300)
    name: str = Field(default="", max_length=1000)
    place: str = Field(default="street", max_length=20)
    site: str = Field(default="", max_length=1000)
    lat: str = Field(default="", max_length=40)
    lng: str = Field(default="", max_length=40)
    labels: list[str] = Field(default=[], max_length=20)
    hours_from: list[str] = Field(default=[], max_length=MOST_HOURS)
    hours_to: list[str] = Field(default=[], max_length=MOST_HOURS)
    seen: Seen = ""
    """`sign_camera` of what the form began with; empty for a new camera."""

    @property
    def hour_rows(self) -> list[tuple[str, str]]:
        """Spans of hours as typed, with empty rows to type more."""
        rows = [one for one in _pair(self.hours_from, self.hours_to) if any(one)]
        wanted = min(MOST_HOURS, max(LEAST_HOUR_ROWS, len(rows) + 1))
        return rows + [("", "")] * (wanted - len(rows))


class FieldsError(ValueError):
    """Some fields make no sense."""

    def __init__(self, fields: list[str]) -> None:
        """Name them."""
        super().__init__(", ".join(fields))
        self.fields = fields


def fill_form(camera: Camera) -> CameraForm:
    """Return the form of a camera that is registered."""
    return CameraForm(
        code=camera.code,
        name=camera.name,
        place=camera.place,
        site=camera.site or "",
        lat="" if camera.lat is None else f"{camera.lat:.7f}",
        lng="" if camera.lon is None else f"{camera.lon:.7f}",
        labels=list(camera.labels),
        hours_from=[start for start, _ in camera.hours],
        hours_to=[end for _, end in camera.hours],
        seen=sign_camera(camera),
    )


def sign_camera(camera: Camera) -> str:
    """Return what tells what the form shows of a camera from another state of it."""
    place = (camera.place, camera.site, camera.lat, camera.lon)
    return sign_content([camera.code, camera.name, place, camera.labels, camera.hours])


def read_form(form: CameraForm) -> CameraBody:
    """Return what was typed as a body of the API.

    Raises:
        FieldsError: Some fields make no sense.
    """
    position = None
    if form.lat.strip() or form.lng.strip():
        position = {"lat": form.lat.strip(), "lng": form.lng.strip()}
    hours = [one for one in _pair(form.hours_from, form.hours_to) if any(one)]
    content: dict[str, Any] = {
        "code": form.code.strip(),
        "name": form.name.strip(),
        "place": form.place,
        "site": form.site.strip() or None,
        "position": position,
        "labels": form.labels,
        "hours": hours,
    }
    try:
        return CameraBody(**content)
    except ValidationError as error:
        raise FieldsError([str(one["loc"][0]) for one in error.errors()]) from error


def new_camera(services: Services, body: CameraBody) -> Camera:
    """Return a camera that is not yet registered."""
    lat, lon = make_place(body.position)
    return Camera(
        id=new_id(),
        code=body.code,
        name=body.name,
        place=body.place,
        site=body.site,
        lat=lat,
        lon=lon,
        labels=body.labels,
        hours=body.hours,
        zones=(),
        created_at=services.clock(),
    )


def changed_camera(camera: Camera, body: CameraBody, seen: str) -> Camera:
    """Return a camera with what was typed; its zones stay.

    Args:
        camera: As it is now.
        body: What was typed.
        seen: `sign_camera` of what the form began with.

    Raises:
        ConflictError: Somebody else has changed it meanwhile: that must not be undone unseen.
    """
    lat, lon = make_place(body.position)
    changed = replace(
        camera,
        code=body.code,
        name=body.name,
        place=body.place,
        site=body.site,
        lat=lat,
        lon=lon,
        labels=body.labels,
        hours=body.hours,
    )
    if changed != camera and sign_camera(camera) != seen:
        raise ConflictError(
            "camera_changed",
            "Somebody else has changed this camera meanwhile; yours was not saved.",
            "Open this page in another window to see it as it is now.",
        )
    return changed


def watcher_lines(camera: Camera) -> str:
    """Return the lines of watch.yaml for a camera; JSON is YAML, and quotes whatever it is."""
    lines = [
        f"  - code: {_quote(camera.code)}",
        f"    url_file: {_quote(f'secrets/{camera.code}')}",
    ]
    if camera.labels:
        lines.append(f"    labels: {_quote(list(camera.labels))}")
    if camera.hours:
        lines.append(f"    hours: {_quote([list(span) for span in camera.hours])}")
    if camera.zones:
        lines.append("    zones:")
        for zone in camera.zones:
            content = {name: value for name, value in zone_to_json(zone).items() if value}
            lines.append(f"      - {_quote(content)}")
    return "\n".join(["cameras:", *lines])


def _quote(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _pair(starts: list[str], ends: list[str]) -> list[tuple[str, str]]:
    count = max(len(starts), len(ends))
    padded = [one + [""] * (count - len(one)) for one in (starts, ends)]
    return [(start.strip(), end.strip()) for start, end in zip(*padded, strict=True)]
