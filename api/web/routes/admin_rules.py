"""The bureau's rules: event codes, limits; checking a changed file."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.http.deps import get_services
from api.services import Services
from api.web.admin_rules import check_rules, look_at_file, read_rules_file
from api.web.admin_uploads import read_sent_file
from api.web.languages import choose_language
from api.web.pages import show_page
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/admin/rules", include_in_schema=False)

Manager = Annotated[Visitor, Depends(visit("manage"))]
Parts = Annotated[Services, Depends(get_services)]


@router.get("")
def show_rules(request: Request, visitor: Manager, services: Parts) -> Response:
    """Show the rules in use; who may look at cases feels them anyway."""
    del visitor
    now = services.clock()
    year = now.astimezone(services.rules.timezone).year
    return show_page(
        request,
        "admin_rules.html",
        rules=services.rules,
        file=look_at_file(services),
        years=[(one, services.calendar.covers(one)) for one in (year, year + 1)],
    )


@router.get("/file")
def download_rules(visitor: Manager, services: Parts) -> Response:
    """Return the file, comments and all."""
    del visitor
    return Response(
        read_rules_file(services),
        media_type="application/yaml",
        headers={
            "Content-Disposition": 'attachment; filename="rules.yaml"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/check")
async def check_file(request: Request, visitor: Manager, services: Parts) -> dict[str, Any]:
    """Tell what is wrong in a changed file, or what it would change; nothing is stored."""
    del visitor
    sent = await read_sent_file(request)
    check = await run_in_threadpool(
        check_rules, services, sent.data, sent.name or "rules.yaml", choose_language(request)
    )
    return {
        "faults": check.faults,
        "changes": [
            {"path": one.path, "before": one.before, "after": one.after} for one in check.changes
        ],
    }
