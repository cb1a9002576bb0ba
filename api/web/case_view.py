"""Everything that the page of one case shows, read in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.rules import EventType
from api.cases.waiting import deadline_of, is_overdue, lane_of
from api.casework.moving import find_case
from api.casework.review import Twin, find_twins
from api.services import Services
from api.store.case_neighbours import number_cases, recent_units
from api.store.case_photos import name_actors
from api.store.case_reports import CaseReport, read_reports
from api.store.cases import get_case, last_events
from api.store.objections import list_objections
from api.store.reports import Report
from api.store.review_queue import count_lanes, place_of
from api.web.case_actions import Action, list_actions
from api.web.case_photos import gather_closing, gather_photos
from api.web.history_words import Line, other_cases, tell_history
from api.web.queue_walk import Walk, write_place
from api.web.shown import Showing
from api.web.visitor import Visitor

MOST_REPORTS: Final = 200
MOST_LINES: Final = 300
"""Of the history: a bin that is reported for weeks gathers thousands."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, and what hangs on it."""

    case: Case
    event: EventType
    deadline: datetime | None
    overdue: bool
    actions: tuple[Action, ...]
    reports: tuple[tuple[CaseReport, Report], ...]
    """At most 200."""
    history: tuple[Line, ...]
    """Newest first, at most 300."""
    history_cut: bool
    """There is more."""
    twins: tuple[Twin, ...]
    units: tuple[str, ...]
    """That work went to lately."""
    merged_into: str | None
    """Number of the case that goes on; None: it was not merged, or that one is out of sight."""
    objections: tuple[Any, ...]
    photos: tuple[Any, ...]
    closing: Any

    @property
    def names(self) -> frozenset[str]:
        """What may be done, by name."""
        return frozenset(action.name for action in self.actions)


@dataclass(frozen=True, slots=True)
class WalkView:
    """Where in the queue one is."""

    walk: Walk
    chosen: bool
    """The case was opened from the queue, which goes on after a decision."""
    place: str
    waiting: int


def gather_case(
    services: Services, connection: Connection, visitor: Visitor, case_id: str, showing: Showing
) -> CaseView:
    """Read a case with all that its page shows.

    Raises:
        NotFoundError: The key sees no such case.
    """
    principal, now = visitor.principal, services.clock()
    case = find_case(connection, principal, case_id)
    actions = list_actions(case, visitor)
    names = {action.name for action in actions}
    events = last_events(connection, case.id, MOST_LINES + 1)
    shown = events[-MOST_LINES:]
    others = [*other_cases(shown), *([case.merged_into] if case.merged_into else [])]
    numbers = number_cases(connection, others, principal.grids) if others else {}
    return CaseView(
        case=case,
        event=services.rules.event_for(case.label),
        deadline=deadline_of(case),
        overdue=is_overdue(case, now),
        actions=actions,
        reports=read_reports(connection, case.id, MOST_REPORTS),
        history=tell_history(
            showing, shown, name_actors(connection, [one.actor for one in shown]), numbers
        ),
        history_cut=len(events) > len(shown),
        twins=find_twins(services, connection, principal, case) if "merge" in names else (),
        units=recent_units(connection, principal.grids) if "dispatch" in names else (),
        merged_into=numbers.get(case.merged_into or ""),
        objections=list_objections(connection, case.id),
        photos=gather_photos(services, connection, visitor, case),
        closing=gather_closing(services, connection, visitor, case),
    )


def gather_walk(
    services: Services, connection: Connection, visitor: Visitor, case: Case, walk: Walk | None
) -> WalkView | None:
    """Return where in the queue a case stands; None: it has ended, and no walk is on."""
    lane = lane_of(case.state)
    here = walk or (None if lane is None else Walk(lane))
    if here is None:
        return None
    now = services.clock()
    counts = count_lanes(connection, here.wanted(visitor.principal), now)
    place = write_place(place_of(case, now))
    return WalkView(here, walk is not None, place, counts[here.lane].waiting)


def find_done(connection: Connection, visitor: Visitor, case_id: str | None) -> Case | None:
    """Return the case that was decided a moment ago, to say what came of it."""
    case = None if case_id is None else get_case(connection, case_id)
    return case if case is not None and visitor.principal.sees(case.grid_code) else None
