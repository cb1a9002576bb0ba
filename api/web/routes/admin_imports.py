"""Imports: grid cells, looked at on a map first, and toilets."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.grid_cells import import_grid
from api.grid_preview import preview_grid
from api.http.deps import get_services
from api.schemas.types import ShortText
from api.services import Services
from api.toilets.importing import import_toilets
from api.web.admin_imports import (
    gather_toilets,
    parse_toilets,
    preview_toilets,
    read_datum,
    show_cells,
    show_grid_preview,
)
from api.web.admin_uploads import parse_json_file, read_sent_file
from api.web.forms import OrNone
from api.web.languages import choose_language
from api.web.pages import show_page
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/admin/imports", include_in_schema=False)

Manager = Annotated[Visitor, Depends(visit("manage"))]
Parts = Annotated[Services, Depends(get_services)]

PAGE_CELLS: Final = 200
Count = Annotated[int | None, Query(ge=0, lt=2**31)]


@router.get("/grid")
def show_grid(
    request: Request,
    visitor: Manager,
    services: Parts,
    q: Annotated[OrNone[ShortText], Query()] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    cells: Count = None,
    reassigned: Count = None,
) -> Response:
    """Show the cells that the visitor sees; who sees all may import others."""
    seen = [one for one in services.grid.cells if visitor.principal.sees(one.code)]
    asked = (q or "").lower()
    found = [one for one in seen if asked in one.code.lower() or asked in (one.name or "").lower()]
    start = (page - 1) * PAGE_CELLS
    rows = found[start : start + PAGE_CELLS]
    return show_page(
        request,
        "admin_grid.html",
        n_seen=len(seen),
        n_found=len(found),
        q=q,
        page=page,
        pages=max(1, -(-len(found) // PAGE_CELLS)),
        rows=rows,
        # Those in the table first: a map takes only so many.
        on_map=show_cells([*rows, *found[:start], *found[start + PAGE_CELLS :]]),
        imported=cells,
        reassigned=reassigned,
        may_import=not visitor.principal.grids,
    )


@router.post("/grid/preview")
async def preview_grid_file(request: Request, visitor: Manager, services: Parts) -> dict[str, Any]:
    """Tell what an import would do; nothing is stored."""
    visitor.principal.check_everywhere()
    sent = await read_sent_file(request)
    language = choose_language(request)

    def look() -> dict[str, Any]:
        preview = preview_grid(services, parse_json_file(sent), read_datum(sent))
        return show_grid_preview(preview, language)

    return await run_in_threadpool(look)


@router.post("/grid")
async def take_grid(request: Request, visitor: Manager, services: Parts) -> dict[str, Any]:
    """Put a file's cells in the place of all that were."""
    visitor.principal.check_everywhere()
    sent = await read_sent_file(request)
    done = await run_in_threadpool(
        lambda: import_grid(
            services,
            parse_json_file(sent),
            actor=visitor.principal.actor,
            datum=read_datum(sent),
            reassign=sent.fields.get("reassign") == "1",
        )
    )
    return {"cells": done.cells, "reassigned": done.reassigned}


@router.get("/toilets")
def show_toilets(
    request: Request,
    visitor: Manager,
    services: Parts,
    saved: Count = None,
    removed: Count = None,
) -> Response:
    """Show how many there are, and where."""
    count, points = gather_toilets(services)
    return show_page(
        request,
        "admin_toilets.html",
        count=count,
        points=points,
        cells=show_cells([one for one in services.grid.cells if visitor.principal.sees(one.code)]),
        saved=saved,
        removed=removed,
        may_import=not visitor.principal.grids,
    )


@router.post("/toilets/preview")
async def preview_toilet_file(
    request: Request, visitor: Manager, services: Parts
) -> dict[str, Any]:
    """Tell what an import would do; nothing is stored."""
    visitor.principal.check_everywhere()
    sent = await read_sent_file(request)
    language = choose_language(request)
    return await run_in_threadpool(
        lambda: preview_toilets(services, parse_toilets(sent, read_datum(sent)), language)
    )


@router.post("/toilets")
async def take_toilets(request: Request, visitor: Manager, services: Parts) -> dict[str, Any]:
    """Take a file's toilets in."""
    visitor.principal.check_everywhere()
    sent = await read_sent_file(request)
    done = await run_in_threadpool(
        lambda: import_toilets(
            services,
            parse_toilets(sent, read_datum(sent)),
            actor=visitor.principal.actor,
            source=sent.name,
            whole=sent.fields.get("whole") == "1",
        )
    )
    return {"saved": done.saved, "removed": done.removed, "total": done.total}
