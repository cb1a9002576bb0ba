"""The wall of cameras, one camera, and the building sites' dust."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.cameras.camera import Camera, CameraPlace
from api.cameras.watching import (
    change_camera,
    find_cameras,
    grid_of,
    register_camera,
    retire_camera,
    see_camera,
)
from api.errors import ApiError, NotFoundError
from api.http.deps import get_services
from api.routes.incidents import parse_place
from api.schemas.cameras import CameraCode
from api.schemas.types import Cursor, ShortText, encode_cursor
from api.services import Services
from api.store.incidents import IncidentFilter, list_incidents
from api.store.site_dust import list_states
from api.web.camera_form import (
    CameraForm,
    FieldsError,
    changed_camera,
    fill_form,
    new_camera,
    read_form,
    watcher_lines,
)
from api.web.camera_words import say_fields
from api.web.dust_view import DustRange, gather_sites, gather_timeline
from api.web.forms import OrNone, PageForm
from api.web.pages import show_in, show_page
from api.web.problem_words import word_error
from api.web.visitor import Visitor, visit
from api.web.wall_view import STATES, WallFilter, WallState, add_cases, gather_wall, make_tiles

router = APIRouter(prefix="/console/wall", include_in_schema=False)

GivenServices = Annotated[Services, Depends(get_services)]
Reader = Annotated[Visitor, Depends(visit("read"))]
Manager = Annotated[Visitor, Depends(visit("manage"))]
PAGE_INCIDENTS = 20


def read_filter(
    place: Annotated[OrNone[CameraPlace], Query()] = None,
    site: Annotated[OrNone[ShortText], Query()] = None,
    state: Annotated[OrNone[WallState], Query()] = None,
    q: Annotated[OrNone[ShortText], Query()] = None,
    by_site: Annotated[bool, Query()] = False,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> WallFilter:
    """Return which cameras are asked for."""
    return WallFilter(place, site, state, q, by_site, page)


Wanted = Annotated[WallFilter, Depends(read_filter)]


@router.get("")
def show_wall(
    request: Request, services: GivenServices, visitor: Reader, wanted: Wanted
) -> Response:
    """Show the wall."""
    return _show_wall(request, services, visitor, wanted, "wall.html")


@router.get("/tiles")
def show_tiles(
    request: Request, services: GivenServices, visitor: Reader, wanted: Wanted
) -> Response:
    """Show what of the wall changes by itself."""
    return _show_wall(request, services, visitor, wanted, "wall_tiles.html")


@router.get("/sites/{site:path}")
def show_site(
    request: Request,
    services: GivenServices,
    visitor: Reader,
    site: str,
    over: Annotated[DustRange, Query()] = "day",
) -> Response:
    """Show a building site: its dust, what cameras saw that are retired included; its cameras."""
    everything = find_cameras(services, visitor.principal, retired=True)
    cameras = [one for one in everything if one.site == site]
    if not cameras:
        raise NotFoundError("site", site)
    in_use = [one for one in cameras if one.retired_at is None]
    with services.database.read() as connection:
        timeline = gather_timeline(services, connection, cameras, over)
        tiles = make_tiles(connection, visitor.principal, in_use or cameras, services.clock())
    return show_page(
        request, "wall_site.html", site=site, over=over, timeline=timeline, tiles=tiles
    )


@router.get("/new")
def show_new(request: Request, visitor: Manager) -> Response:
    """Show the form of a camera to register."""
    del visitor
    return _show_form(request, CameraForm(), None)


@router.post("/new")
def register(
    request: Request,
    services: GivenServices,
    visitor: Manager,
    form: Annotated[CameraForm, Form()],
) -> Response:
    """Register a camera, or show the form again with what is wrong."""
    try:
        camera = new_camera(services, read_form(form))
        register_camera(services, visitor.principal, camera)
    except (FieldsError, ApiError) as error:
        return _refuse(request, form, None, error)
    return RedirectResponse(f"/console/wall/{camera.id}", 303)


@router.get("/{camera}")
def show_camera(
    request: Request,
    services: GivenServices,
    visitor: Reader,
    camera: CameraCode,
    cursor: Cursor = None,
) -> Response:
    """Show one camera: its frame, how it is and was, what it saw."""
    after = None if cursor is None else parse_place(cursor)
    principal = visitor.principal
    with services.database.read() as connection:
        found = see_camera(services, connection, principal, camera)
        (tile,) = make_tiles(connection, principal, [found], services.clock())
        cleared = IncidentFilter(camera_ids=(found.id,), state="cleared")
        rows = list_incidents(connection, cleared, after=after, limit=PAGE_INCIDENTS + 1)
        page = add_cases(connection, principal, rows[:PAGE_INCIDENTS])
        states = list_states(connection, found)
        last = rows[PAGE_INCIDENTS - 1] if len(rows) > PAGE_INCIDENTS else None
    return show_page(
        request,
        "camera.html",
        camera=found,
        tile=tile,
        cleared=page,
        first=cursor is None,
        next=last and encode_cursor([last.started_at.isoformat(), last.id]),
        states=states,
        grid_code=grid_of(services, found),
        lines=watcher_lines(found),
    )


@router.get("/{camera}/edit")
def show_edit(
    request: Request, services: GivenServices, visitor: Manager, camera: CameraCode
) -> Response:
    """Show the form of a camera that is registered."""
    with services.database.read() as connection:
        found = see_camera(services, connection, visitor.principal, camera)
    return _show_form(request, fill_form(found), found)


@router.post("/{camera}/edit")
def change(
    request: Request,
    services: GivenServices,
    visitor: Manager,
    camera: CameraCode,
    form: Annotated[CameraForm, Form()],
) -> Response:
    """Change a camera, or show the form again with what is wrong."""
    with services.database.read() as connection:
        found = see_camera(services, connection, visitor.principal, camera)
    try:
        body = read_form(form)
        change_camera(
            services,
            visitor.principal,
            found.id,
            lambda present: changed_camera(present, body, form.seen),
        )
    except (FieldsError, ApiError) as error:
        return _refuse(request, form, found, error)
    return RedirectResponse(f"/console/wall/{found.id}", 303)


@router.post("/{camera}/retire")
def retire(
    services: GivenServices,
    visitor: Manager,
    camera: CameraCode,
    form: Annotated[PageForm, Form()],
) -> Response:
    """Take a camera out of use."""
    del form
    retired = retire_camera(services, visitor.principal, camera)
    return RedirectResponse(f"/console/wall/{retired.id}", 303)


def _show_wall(
    request: Request, services: Services, visitor: Visitor, wanted: WallFilter, template: str
) -> Response:
    wall = gather_wall(services, visitor.principal, wanted)
    with services.database.read() as connection:
        sites = gather_sites(services, connection, wall.on_sites)

    def address(**changes: object) -> str:
        """Return the address of the wall with some of the filter changed."""
        fields = {
            "place": wanted.place,
            "site": wanted.site,
            "state": wanted.state,
            "q": wanted.words,
            "by_site": "true" if wanted.by_site else None,
        } | changes
        return "?" + urlencode({name: value for name, value in fields.items() if value})

    return show_page(
        request,
        template,
        wall=wall,
        wanted=wanted,
        sites=sites,
        address=address,
        wall_states=STATES,
    )


def _show_form(
    request: Request,
    form: CameraForm,
    camera: Camera | None,
    wrong: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    return show_page(request, "camera_form.html", status, form=form, camera=camera, wrong=wrong)


def _refuse(
    request: Request, form: CameraForm, camera: Camera | None, error: FieldsError | ApiError
) -> Response:
    """Show the form with what was typed, and why it was not taken."""
    showing = show_in(request)
    if isinstance(error, FieldsError):
        wrong = say_fields(error.fields, showing.choose)
        return _show_form(request, form, camera, wrong, 422)
    words = word_error(showing.language, error)
    return _show_form(request, form, camera, (words,), error.status)
