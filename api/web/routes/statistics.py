"""Figures of the ledger, and where on the map they come from."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from api.http.deps import get_services
from api.services import Services
from api.store.statistics import Wanted
from api.web.headers import NO_STORE
from api.web.heat import gather_heat
from api.web.pages import show_in, show_page
from api.web.recent import Recent
from api.web.statistics_export import write_figures
from api.web.statistics_judged import OUTCOME_NAMES, Judged, gather_judged
from api.web.statistics_query import SPAN_NAMES, StatisticsQuery, choose_wanted
from api.web.statistics_view import gather_counts, label_rank
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/statistics", include_in_schema=False)

Given = Annotated[Services, Depends(get_services)]
Reader = Annotated[Visitor, Depends(visit("read"))]
Asked = Annotated[StatisticsQuery, Query()]

_PRIVATE: Final = {"Cache-Control": NO_STORE}


@router.get("")
def show_statistics(request: Request, services: Given, visitor: Reader, asked: Asked) -> Response:
    """Show the counts; the slower figures come as a part of their own."""
    wanted = _choose(services, visitor, asked)
    with services.database.read() as connection:
        counts = gather_counts(connection, wanted, services.grid, show_in(request))
    return show_page(
        request,
        "statistics.html",
        asked=asked,
        span_asked=wanted.span,
        span_names=SPAN_NAMES,
        counts=counts,
    )


@router.get("/judged")
def show_judged(request: Request, services: Given, visitor: Reader, asked: Asked) -> Response:
    """Show times, deadlines and judgements: a part of the page."""
    judged = _find_judged(request, services, _choose(services, visitor, asked))
    showing = show_in(request)
    return show_page(
        request,
        "statistics_judged.html",
        judged=judged,
        outcome_names={outcome: (zh, en) for outcome, zh, en in OUTCOME_NAMES},
        in_order=lambda rows: sorted(rows, key=lambda row: label_rank(row.label, showing)),
    )


@router.get("/heat")
def show_heat(services: Given, visitor: Reader, asked: Asked) -> Response:
    """Return the squares and cells of the map."""
    wanted = _choose(services, visitor, asked)
    with services.database.read() as connection:
        return JSONResponse(gather_heat(connection, wanted, services.grid), headers=_PRIVATE)


@router.get("/figures.csv")
def export_figures(request: Request, services: Given, visitor: Reader, asked: Asked) -> Response:
    """Return every figure as CSV."""
    wanted = _choose(services, visitor, asked)
    showing = show_in(request)
    with services.database.read() as connection:
        counts = gather_counts(connection, wanted, services.grid, showing)
    text = write_figures(counts, _find_judged(request, services, wanted), showing)
    name = f"statistics-{wanted.span.first}-{wanted.span.last}.csv"
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={**_PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _choose(services: Services, visitor: Visitor, asked: StatisticsQuery) -> Wanted:
    return choose_wanted(asked, services.rules, visitor.principal, services.clock())


def _find_judged(request: Request, services: Services, wanted: Wanted) -> Judged:
    state = request.app.state
    if not hasattr(state, "recent_figures"):
        state.recent_figures = Recent[Judged]()
    recent: Recent[Judged] = state.recent_figures
    now = services.clock()

    def count() -> Judged:
        with services.database.read() as connection:
            return gather_judged(connection, wanted, now)

    return recent.get(wanted, now, count)
