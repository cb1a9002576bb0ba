"""The review queue: what waits for a person, the most urgent first."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from api.cases.case import Case
from api.cases.waiting import LANES, Lane, deadline_of, is_overdue
from api.http.deps import get_services
from api.services import Services
from api.store.review_queue import LaneCount, count_lanes, page_queue, place_of
from api.web.case_view import find_done
from api.web.forms import OrNone
from api.web.pages import show_page
from api.web.queue_walk import LANE_NAMES, CursorText, Walk, WalkQuery, parse_place, write_place
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/queue", include_in_schema=False)

PAGE_ROWS: Final = 30
HOME: Final = "/console/queue"

Reader = Annotated[Visitor, Depends(visit("read"))]
ByItself = Annotated[Visitor, Depends(visit("read", by_itself=True))]
Service = Annotated[Services, Depends(get_services)]


class QueueQuery(WalkQuery):
    """A page of the queue."""

    cursor: OrNone[CursorText] = None
    end: bool = False
    """The walk has come to its end."""


class StepQuery(WalkQuery):
    """A step through the queue."""

    after: OrNone[CursorText] = None
    before: OrNone[CursorText] = None
    wrap: bool = False
    """At the end it goes on with what was passed over."""


@router.get("")
def show_queue(
    request: Request, services: Service, visitor: Reader, query: Annotated[QueueQuery, Query()]
) -> Response:
    """Show a lane."""
    return show_page(request, "queue.html", **_gather(services, visitor, query))


@router.get("/list")
def show_list(
    request: Request, services: Service, visitor: ByItself, query: Annotated[QueueQuery, Query()]
) -> Response:
    """Show the part of the page that changes by itself."""
    return show_page(request, "queue_list.html", **_gather(services, visitor, query))


@router.get("/next")
def go_on(
    services: Service, visitor: Reader, query: Annotated[StepQuery, Query()]
) -> RedirectResponse:
    """Open the case behind a place, or the first one."""
    walk = query.walk(first_lane(visitor))
    wanted, now = walk.wanted(visitor.principal), services.clock()
    after = None if query.after is None else parse_place(query.after)
    with services.database.read() as connection:
        found = page_queue(connection, wanted, now, after=after, limit=1)
        if not found and after is not None and query.wrap:
            found = page_queue(connection, wanted, now, limit=1)
    return _open(walk, found, query.done)


@router.get("/previous")
def go_back(
    services: Service, visitor: Reader, query: Annotated[StepQuery, Query()]
) -> RedirectResponse:
    """Open the case before a place."""
    walk = query.walk(first_lane(visitor))
    before = None if query.before is None else parse_place(query.before)
    with services.database.read() as connection:
        found = page_queue(
            connection, walk.wanted(visitor.principal), services.clock(), before=before, limit=1
        )
    return _open(walk, found, query.done)


def first_lane(visitor: Visitor) -> Lane:
    """Return the lane in which a visitor's work is."""
    return "handling" if visitor.may("handle") and not visitor.may("judge") else "review"


def _open(walk: Walk, found: tuple[Case, ...], done: str | None) -> RedirectResponse:
    if not found:
        return RedirectResponse(HOME + walk.query(end="1", done=done), 303)
    return RedirectResponse(f"/console/cases/{found[0].id}{walk.query(done=done)}", 303)


def _gather(services: Services, visitor: Visitor, query: QueueQuery) -> Mapping[str, Any]:
    walk = query.walk(first_lane(visitor))
    wanted, now = walk.wanted(visitor.principal), services.clock()
    place = None if query.cursor is None else parse_place(query.cursor)
    with services.database.read() as connection:
        found = page_queue(connection, wanted, now, after=place, limit=PAGE_ROWS + 1)
        counts = count_lanes(connection, wanted, now)
        done = find_done(connection, visitor, query.done)
    page, now = found[:PAGE_ROWS], now if place is None else place.now
    following = None
    if len(found) > PAGE_ROWS:
        following = walk.query(cursor=write_place(place_of(page[-1], now)))
    return {
        "walk": walk,
        "cursor": query.cursor,
        "rows": [(case, deadline_of(case), is_overdue(case, services.clock())) for case in page],
        "lanes": [(lane, LANE_NAMES[lane], counts.get(lane, LaneCount())) for lane in LANES],
        "following": following,
        "end": query.end,
        "done": done,
        "filtered": walk.label is not None or walk.grid is not None,
    }
