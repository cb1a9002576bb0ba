"""The ledger, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from api.cases.case import Case, Source
from api.cases.states import CaseState
from api.store.cases import COLUMNS
from api.store.deadlines import overdue_at
from api.store.scope import visible
from api.store.tables import cases

CaseOrder = Literal["newest", "oldest", "priority", "due"]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted; None and empty: all."""

    states: tuple[CaseState, ...] = ()
    labels: tuple[str, ...] = ()
    unlabelled: bool = False
    """Beside `labels`: also cases without one."""
    grid_prefix: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    ended: bool | None = None
    overdue_at: datetime | None = None
    """Cases whose deadline, or review, has passed at this time and that wait for it still."""
    number: str | None = None
    source: Source | None = None
    grids: tuple[str, ...] = ()
    """Prefixes that the asking key sees."""


# Each order ends in the id, so that no two cases stand in the same place.
ORDERS: Final[dict[CaseOrder, tuple[tuple[Any, bool], ...]]] = {
    "newest": ((cases.c.opened_at, True), (cases.c.id, True)),
    "oldest": ((cases.c.opened_at, False), (cases.c.id, False)),
    "priority": ((cases.c.priority, True), (cases.c.opened_at, False), (cases.c.id, False)),
    "due": ((cases.c.due_at, False), (cases.c.id, False)),
}


def list_cases(
    connection: Connection,
    wanted: CaseFilter,
    order: CaseOrder = "newest",
    *,
    after: Sequence[Any] | None = None,
    limit: int = 50,
) -> tuple[Case, ...]:
    """Return a page of cases.

    Args:
        connection: In a transaction.
        wanted: Which.
        order: By which order; `due` leaves out cases without a deadline.
        after: The place of the last case of the page before (`place_in`); None: the first page.
        limit: At most so many.
    """
    columns = ORDERS[order]
    statement = select(*COLUMNS).where(*conditions_of(wanted))
    if order == "due":
        statement = statement.where(cases.c.due_at.is_not(None))
    if after is not None:
        statement = statement.where(stands_behind(columns, after))
    ordered = statement.order_by(
        *(column.desc() if falling else column.asc() for column, falling in columns)
    )
    rows = connection.execute(ordered.limit(limit))
    return tuple(Case(**row._mapping) for row in rows)


def count_cases(connection: Connection, wanted: CaseFilter) -> int:
    """Return how many cases there are."""
    statement = select(func.count()).select_from(cases).where(*conditions_of(wanted))
    return int(connection.execute(statement).scalar_one())


def place_in(case: Case, order: CaseOrder) -> tuple[Any, ...]:
    """Return a case's place in an order: what `after` takes."""
    return tuple(getattr(case, column.key) for column, _ in ORDERS[order])


def stands_behind(columns: Sequence[tuple[Any, bool]], after: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row stands behind a place: column by column.

    Args:
        columns: What is sorted by, and whether it falls.
        after: The place: a value for each.
    """
    ways = []
    for at, (column, falling) in enumerate(columns):
        same = [one == value for (one, _), value in zip(columns[:at], after[:at], strict=True)]
        ways.append(and_(*same, column < after[at] if falling else column > after[at]))
    return or_(*ways)


def conditions_of(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """Return the conditions that a filter sets."""
    conditions = [visible(cases.c.grid_code, wanted.grids)]
    if wanted.states:
        conditions.append(cases.c.state.in_(wanted.states))
    if wanted.labels or wanted.unlabelled:
        labels = cases.c.label.in_(wanted.labels)
        conditions.append(or_(labels, cases.c.label.is_(None)) if wanted.unlabelled else labels)
    if wanted.grid_prefix is not None:
        conditions.append(cases.c.grid_code.startswith(wanted.grid_prefix, autoescape=True))
    if wanted.opened_from is not None:
        conditions.append(cases.c.opened_at >= wanted.opened_from)
    if wanted.opened_before is not None:
        conditions.append(cases.c.opened_at < wanted.opened_before)
    if wanted.ended is not None:
        ended = cases.c.ended_at.is_not(None)
        conditions.append(ended if wanted.ended else cases.c.ended_at.is_(None))
    if wanted.number is not None:
        conditions.append(cases.c.number == wanted.number)
    if wanted.source is not None:
        conditions.append(cases.c.source == wanted.source)
    if wanted.overdue_at is not None:
        conditions.append(overdue_at(wanted.overdue_at))
    return conditions
