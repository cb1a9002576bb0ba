"""The administrator's first page: health, the model and its card; and the audit log."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.http.deps import get_services
from api.routes.health import ReadinessProbe
from api.schemas.types import ShortText
from api.services import Services
from api.store.audit import check_chain
from api.store.shadow import compare_shadows
from api.web.admin_audit import ACTION_NAMES, AuditSearch, page_audit
from api.web.admin_overview import gather_load, gather_model
from api.web.admin_words import say_in
from api.web.forms import OrNone
from api.web.languages import choose_language
from api.web.pages import show_page
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/admin", include_in_schema=False)

Manager = Annotated[Visitor, Depends(visit("manage"))]
Auditor = Annotated[Visitor, Depends(visit("audit"))]
Parts = Annotated[Services, Depends(get_services)]


@router.get("")
async def show_overview(request: Request, visitor: Manager, services: Parts) -> Response:
    """Show how the service is, and what it recognises with."""
    probe: ReadinessProbe = request.app.state.readiness
    health = await probe.ask()
    load = await run_in_threadpool(gather_load, services, visitor.principal)
    facts = await run_in_threadpool(gather_model, services)
    language = choose_language(request)
    checks = [
        (name, check.ok, say_in(language, check.detail)) for name, check in health.checks.items()
    ]
    return show_page(
        request,
        "admin.html",
        health=health,
        checks=checks,
        load=load,
        facts=facts,
        rule_thresholds=services.rules.thresholds,
    )


@router.get("/shadow")
def show_shadow(request: Request, visitor: Manager, services: Parts) -> Response:
    """Show what the candidate would have said; it reads every answer of its, so on demand."""
    visitor.principal.check_everywhere()
    with services.database.read() as connection:
        compared = compare_shadows(connection)
    return show_page(request, "admin_shadow_part.html", compared=compared)


@router.get("/audit")
def show_audit(
    request: Request,
    visitor: Auditor,
    services: Parts,
    actor: Annotated[OrNone[ShortText], Query()] = None,
    action: Annotated[OrNone[ShortText], Query()] = None,
    target: Annotated[OrNone[ShortText], Query()] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """Show who did what, the newest first; only to keys that see everything."""
    visitor.principal.check_everywhere()
    search = AuditSearch(actor, action, target)
    lines, last = page_audit(services, search, before)
    return show_page(
        request,
        "admin_audit.html",
        lines=lines,
        search=search,
        before=before,
        last=last,
        action_names=ACTION_NAMES,
    )


@router.get("/audit/check")
def check_audit(request: Request, visitor: Auditor, services: Parts) -> Response:
    """Walk the chain from its first row."""
    visitor.principal.check_everywhere()
    with services.database.read() as connection:
        check = check_chain(connection)
    return show_page(request, "admin_audit_check_part.html", check=check)
