"""Routes: cameras, and how they are."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api.cameras.camera import Camera, CameraState
from api.cameras.news_bodies import describe_news, read_news
from api.cameras.watching import (
    Heartbeat,
    change_camera,
    find_cameras,
    record_heartbeat,
    register_camera,
    retire_camera,
    see_camera,
)
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.ids import new_id
from api.principal import Principal
from api.schemas.cameras import (
    CameraAnswer,
    CameraBody,
    CameraCode,
    CameraPatch,
    HeartbeatBody,
    make_place,
    make_zones,
    show_camera,
)
from api.services import Services

router = APIRouter(prefix="/v1/cameras", tags=["cameras"])

GivenServices = Annotated[Services, Depends(get_services)]
Viewer = Annotated[Principal, Depends(require("read"))]
Administrator = Annotated[Principal, Depends(require("manage"))]
Watcher = Annotated[Principal, Depends(require("incident"))]
CameraName = Annotated[
    CameraCode, Path(description="Its id, or the bureau's code for it.", examples=["HP-0137"])
]


@router.post(
    "",
    operation_id="register_camera",
    summary="Register a camera",
    status_code=201,
    responses=problem_responses(400, 401, 403, 408, 409, 413, 422, 429, 503),
)
def create_camera(
    services: GivenServices, principal: Administrator, body: CameraBody
) -> CameraAnswer:
    """The code must be new; zones must be plain polygons."""
    lat, lon = make_place(body.position)
    camera = Camera(
        id=new_id(),
        code=body.code,
        name=body.name,
        place=body.place,
        site=body.site,
        lat=lat,
        lon=lon,
        labels=body.labels,
        hours=body.hours,
        zones=make_zones(body.zones),
        created_at=services.clock(),
    )
    return show_camera(services, register_camera(services, principal, camera))


@router.get(
    "",
    operation_id="list_cameras",
    summary="List cameras",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def list_all_cameras(
    services: GivenServices,
    principal: Viewer,
    *,
    state: Annotated[CameraState | None, Query(description="Only those that are so now.")] = None,
    retired: Annotated[bool, Query(description="Also those no longer used.")] = False,
) -> tuple[CameraAnswer, ...]:
    """Those within the key's grid cells, in the order of their codes."""
    shown = (
        show_camera(services, one) for one in find_cameras(services, principal, retired=retired)
    )
    return tuple(one for one in shown if state is None or one.state == state)


@router.get(
    "/{camera}",
    operation_id="get_camera",
    summary="Look at a camera",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def show_one_camera(services: GivenServices, principal: Viewer, camera: CameraName) -> CameraAnswer:
    """With zones, hours and its state as of now."""
    with services.database.read() as connection:
        found = see_camera(services, connection, principal, camera)
    return show_camera(services, found)


@router.patch(
    "/{camera}",
    operation_id="change_camera",
    summary="Change a camera",
    responses=problem_responses(400, 401, 403, 404, 408, 409, 413, 422, 429, 503),
)
def patch_camera(
    services: GivenServices, principal: Administrator, camera: CameraName, body: CameraPatch
) -> CameraAnswer:
    """What is left out stays as it is; lists are replaced as a whole."""
    changes: dict[str, Any] = {
        name: getattr(body, name)
        for name in body.model_fields_set
        if name not in {"position", "zones"}
    }
    if "zones" in body.model_fields_set:
        changes["zones"] = make_zones(body.zones)
    if "position" in body.model_fields_set:
        changes["lat"], changes["lon"] = make_place(body.position)
    changed = change_camera(services, principal, camera, lambda one: replace(one, **changes))
    return show_camera(services, changed)


@router.delete(
    "/{camera}",
    operation_id="retire_camera",
    summary="Take a camera out of use",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def delete_camera(
    services: GivenServices, principal: Administrator, camera: CameraName
) -> CameraAnswer:
    """What it saw stays; its code stays taken. Doing it twice is the same as once."""
    return show_camera(services, retire_camera(services, principal, camera))


@router.post(
    "/{camera}/heartbeat",
    operation_id="record_heartbeat",
    summary="Say how a camera is",
    responses=problem_responses(401, 403, 404, 408, 413, 415, 422, 429, 503, 507),
    openapi_extra=describe_news(HeartbeatBody),
)
async def beat(
    request: Request, services: GivenServices, principal: Watcher, camera: CameraName
) -> CameraAnswer:
    """As JSON, or as a form with the present frame as `photo`: one an hour is kept."""
    news = await read_news(request, HeartbeatBody)
    heartbeat = Heartbeat(news.fields.state, news.fields.at)
    seen = await run_in_threadpool(
        record_heartbeat, services, principal, camera, heartbeat, news.photo
    )
    if news.photo is not None and seen.frame_sha256 is not None:
        services.pictures_ahead.add(seen.frame_sha256)
    return show_camera(services, seen)
