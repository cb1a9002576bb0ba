"""A camera's zones, drawn on its frame."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.cameras.camera import MOST_ZONE_POINTS, Camera, Zone
from api.cameras.watching import change_camera, see_camera
from api.errors import ConflictError
from api.http.deps import get_services
from api.schemas.cameras import CameraCode, ZoneBody, make_zones
from api.schemas.types import Body
from api.services import Services
from api.store.cameras import zone_to_json
from api.web.camera_words import check_zones
from api.web.pages import show_in, show_page
from api.web.visitor import Visitor, visit
from api.web.wall_view import name_state

router = APIRouter(prefix="/console/wall", include_in_schema=False)

GivenServices = Annotated[Services, Depends(get_services)]
Manager = Annotated[Visitor, Depends(visit("manage"))]


class ZonesBody(Body):
    """All zones of a camera."""

    seen: str = Field(max_length=64)
    """`sign_zones` of those that the page began with."""
    zones: tuple[ZoneBody, ...] = Field(max_length=20)


@router.get("/{camera}/zones")
def show_zones(
    request: Request, services: GivenServices, visitor: Manager, camera: CameraCode
) -> Response:
    """Show the editor."""
    with services.database.read() as connection:
        found = see_camera(services, connection, visitor.principal, camera)
    return show_page(
        request,
        "zones.html",
        camera=found,
        state=name_state(found, services.clock()),
        zones=[zone_to_json(one) for one in found.zones],
        seen=sign_zones(found.zones),
        most_points=MOST_ZONE_POINTS,
    )


@router.post("/{camera}/zones")
def save_zones(
    request: Request, services: GivenServices, visitor: Manager, camera: CameraCode, body: ZonesBody
) -> dict[str, Any]:
    """Put zones in the place of those that the page began with; others' are not lost unseen."""
    zones = make_zones(body.zones)
    choose = show_in(request).choose
    check_zones(zones, choose)

    def put(present: Camera) -> Camera:
        if present.zones != zones and sign_zones(present.zones) != body.seen:
            raise ConflictError(
                "zones_changed",
                choose(
                    "别人刚刚改过这台摄像机的区域，您的修改没有保存。",
                    "Somebody else has changed this camera's zones; yours were not saved.",
                ),
                choose(
                    "请在新窗口打开本页查看现有区域，再重新划定。",
                    "Open this page in another window to see them, then draw yours again.",
                ),
            )
        return replace(present, zones=zones)

    changed = change_camera(services, visitor.principal, camera, put)
    return {
        "zones": [zone_to_json(one) for one in changed.zones],
        "seen": sign_zones(changed.zones),
    }


def sign_zones(zones: Sequence[Zone]) -> str:
    """Return what tells zones from others."""
    text = json.dumps([zone_to_json(one) for one in zones], sort_keys=True)
    return sha256(text.encode()).hexdigest()
