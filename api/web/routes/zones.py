"""A camera's zones, drawn on its frame."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.cameras.camera import MOST_ZONE_POINTS
from api.cameras.watching import change_camera, see_camera
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
        most_points=MOST_ZONE_POINTS,
    )


@router.post("/{camera}/zones")
def save_zones(
    request: Request, services: GivenServices, visitor: Manager, camera: CameraCode, body: ZonesBody
) -> dict[str, Any]:
    """Put zones in the place of the present ones."""
    zones = make_zones(body.zones)
    check_zones(zones, show_in(request).choose)
    changed = change_camera(
        services, visitor.principal, camera, lambda one: replace(one, zones=zones)
    )
    return {"zones": [zone_to_json(one) for one in changed.zones]}
