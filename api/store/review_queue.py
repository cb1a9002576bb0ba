"""What waits for people, page by page: overdue first by deadline, then by priority, then by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from api.cases.case import Case
from api.cases.waiting import LANE_STATES, Lane, deadline_of, is_overdue
from api.store.case_list import stands_behind
from api.store.cases import get_cases
from api.store.deadlines import awaited
from api.store.scope import visible
from api.store.tables import cases

c = cases.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the waiting cases are asked for; None and empty: all."""

    lane: Lane
    grids: tuple[str, ...] = ()
    """Prefixes that the asking key sees."""
    label: str | None = None
    unlabelled: bool = False
    """Instead of `label`: cases without one."""
    grid_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands in a lane, as it was at one time: what pages go on from."""

    now: datetime
    """What is overdue is told by this time on all pages, or rows would jump between them."""
    deadline: datetime | None
    """Of an overdue case; None: it is not."""
    priority: int
    opened_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class LaneCount:
    """How much waits in a lane."""

    waiting: int = 0
    overdue: int = 0


def place_of(waiting: Case, now: datetime) -> Place:
    """Return where a case stands at a time."""
    deadline = deadline_of(waiting) if is_overdue(waiting, now) else None
    return Place(now, deadline, waiting.priority, waiting.opened_at, waiting.id)


def page_queue(
    connection: Connection,
    wanted: Wanted,
    now: datetime,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = 50,
) -> tuple[Case, ...]:
    """Return some of a lane's cases, in order.

    Args:
        connection: In a transaction.
        wanted: Which.
        now: What is overdue at this time goes first; that of `after` or `before` where one is
            given.
        after: Behind this place.
        before: Before this place: the nearest ones, in the lane's order all the same.
        limit: At most so many.
    """
    place = after or before
    now = now if place is None else place.now
    backwards = before is not None
    parts: tuple[bool, ...] = (True, False)  # Those that are overdue, then the others
    if place is not None and (place.deadline is None) != backwards:
        parts = parts[1:] if not backwards else parts[:1]
    found: list[str] = []
    for overdue in reversed(parts) if backwards else parts:
        if len(found) < limit:
            inside = place is not None and overdue == (place.deadline is not None)
            found += _page_part(
                connection, wanted, now, overdue, (place if inside else None), backwards,
                limit - len(found),
            )  # fmt: skip
    known = get_cases(connection, found)
    return tuple(known[one] for one in (reversed(found) if backwards else found))


def count_lanes(connection: Connection, wanted: Wanted, now: datetime) -> dict[Lane, LaneCount]:
    """Return how much waits in each lane, whichever `wanted` names."""
    states = [state for states in LANE_STATES.values() for state in states]
    late = func.sum(case((awaited < now, 1), else_=0))
    rows = connection.execute(
        select(c.state, func.count(), late)
        .where(c.state.in_(states), *_conditions(wanted))
        .group_by(c.state)
    )
    by_state = {row[0]: (row[1], int(row[2])) for row in rows}
    return {
        lane: LaneCount(
            sum(by_state.get(state, (0, 0))[0] for state in states),
            sum(by_state.get(state, (0, 0))[1] for state in states),
        )
        for lane, states in LANE_STATES.items()
    }


def _page_part(
    connection: Connection,
    wanted: Wanted,
    now: datetime,
    overdue: bool,
    place: Place | None,
    backwards: bool,
    limit: int,
) -> Sequence[str]:
    states = LANE_STATES[wanted.lane]
    # The rows' ids alone are sorted: whole rows take the sorter three times as long.
    statement = select(c.id).where(c.state.in_(states), *_conditions(wanted))
    columns: list[tuple[ColumnElement[Any], bool]] = [
        (c.priority, True), (c.opened_at, False), (c.id, False),
    ]  # fmt: skip
    if overdue:
        columns.insert(0, (awaited, False))
        statement = statement.where(awaited < now)
    else:
        statement = statement.where(or_(awaited.is_(None), awaited >= now))
    if backwards:
        columns = [(column, not falling) for column, falling in columns]
    if place is not None:
        values = [place.priority, place.opened_at, place.id]
        statement = statement.where(
            stands_behind(columns, [place.deadline, *values] if overdue else values)
        )
    ordered = [column.desc() if falling else column.asc() for column, falling in columns]
    return connection.execute(statement.order_by(*ordered).limit(limit)).scalars().all()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [visible(c.grid_code, wanted.grids)]
    if wanted.unlabelled:
        conditions.append(c.label.is_(None))
    elif wanted.label is not None:
        conditions.append(c.label == wanted.label)
    if wanted.grid_prefix is not None:
        conditions.append(c.grid_code.startswith(wanted.grid_prefix, autoescape=True))
    return conditions
