"""How many cases were opened and ended: counted in the database, never row by row.

A case is counted as it is now: one that was reopened is neither closed nor dismissed.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from api.cases.spans import DaySpan
from api.cases.states import CaseState
from api.store.case_list import CaseFilter, conditions_of, count_cases
from api.store.local_days import FIRST_DAY, local_day, whole_number
from api.store.tables import cases

LAT_DEG: Final = 0.001
"""Height of a square of the heat map: 111 m."""
LON_DEG: Final = 0.0012
"""Its width: 124 m in Guangzhou, 102 m in Beijing."""
PER_LAT_DEG: Final = 1000.0
PER_LON_DEG: Final = 2500.0 / 3.0
"""Squares to a degree. Factors, so that both databases and Python multiply the same numbers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases are counted; hashable."""

    span: DaySpan
    label: str | None = None
    grid_prefix: str | None = None
    grids: tuple[str, ...] = ()
    """Prefixes that the asking key sees."""

    def filter(self) -> CaseFilter:
        """Return the part that has nothing to do with time."""
        labels = () if self.label is None else (self.label,)
        return CaseFilter(labels=labels, grid_prefix=self.grid_prefix, grids=self.grids)


@dataclass(frozen=True, slots=True)
class OpenedCount:
    """Cases that were opened on one day."""

    day: date
    label: str | None
    source: str
    cases: int
    reports: int
    """That speak for them; a case that was merged away has none left."""
    led: int
    """Those of the cases that have at least one report."""


@dataclass(frozen=True, slots=True)
class EndedCount:
    """Cases that ended on one day."""

    day: date
    label: str | None
    state: CaseState
    cases: int


@dataclass(frozen=True, slots=True)
class NowCount:
    """Cases that have not ended, whenever they were opened."""

    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class SquareCount:
    """Cases in a square of the heat map, edges in WGS-84 degrees."""

    south: float
    west: float
    north: float
    east: float
    cases: int


def opened_within(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions of the cases that were opened in the span."""
    return [
        *conditions_of(wanted.filter()),
        cases.c.opened_at >= wanted.span.start,
        cases.c.opened_at < wanted.span.end,
    ]


def ended_within(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions of the cases that ended in the span."""
    return [
        *conditions_of(wanted.filter()),
        cases.c.ended_at >= wanted.span.start,
        cases.c.ended_at < wanted.span.end,
    ]


def count_opened(connection: Connection, wanted: Wanted) -> tuple[OpenedCount, ...]:
    """Count the cases opened in the span, by local day, label and source."""
    keys = (
        local_day(connection, cases.c.opened_at, wanted.span).label("day"),
        cases.c.label,
        cases.c.source,
    )
    led = func.count(func.nullif(cases.c.reports_count, 0))
    rows = connection.execute(
        select(*keys, func.count(), func.sum(cases.c.reports_count), led)
        .where(*opened_within(wanted))
        .group_by(*keys)
        .order_by(*keys)
    )
    return tuple(
        OpenedCount(date.fromordinal(FIRST_DAY + day), label, source, count, int(reports), with_any)
        for day, label, source, count, reports, with_any in rows
    )


def count_ended(connection: Connection, wanted: Wanted) -> tuple[EndedCount, ...]:
    """Count the cases that ended in the span, by local day, label and state."""
    keys = (
        local_day(connection, cases.c.ended_at, wanted.span).label("day"),
        cases.c.label,
        cases.c.state,
    )
    rows = connection.execute(
        select(*keys, func.count()).where(*ended_within(wanted)).group_by(*keys).order_by(*keys)
    )
    return tuple(
        EndedCount(date.fromordinal(FIRST_DAY + day), label, state, count)
        for day, label, state, count in rows
    )


def count_now(connection: Connection, wanted: Wanted, now: datetime) -> NowCount:
    """Count the cases that wait for somebody now, and those whose deadline has passed."""
    labels = () if wanted.label is None else (wanted.label,)
    of = {"labels": labels, "grid_prefix": wanted.grid_prefix, "grids": wanted.grids}
    return NowCount(
        count_cases(connection, CaseFilter(**of, ended=False)),  # type: ignore[arg-type]
        count_cases(connection, CaseFilter(**of, overdue_at=now)),  # type: ignore[arg-type]
    )


def count_by_cell(connection: Connection, wanted: Wanted) -> dict[str | None, int]:
    """Count the cases opened in the span by grid cell; None: in no cell."""
    rows = connection.execute(
        select(cases.c.grid_code, func.count())
        .where(*opened_within(wanted))
        .group_by(cases.c.grid_code)
    )
    return {code: count for code, count in rows}


def count_by_square(connection: Connection, wanted: Wanted, most: int) -> tuple[SquareCount, ...]:
    """Count the cases opened in the span by squares of about 100 m.

    Args:
        connection: In a transaction.
        wanted: Which cases; those without a position are left out.
        most: At most so many squares.

    Returns:
        The fullest first.
    """
    # Counted from the south pole and the date line: nothing is negative, so cutting is flooring.
    row = whole_number(connection, (cases.c.lat + 90.0) * PER_LAT_DEG).label("row")
    column = whole_number(connection, (cases.c.lon + 180.0) * PER_LON_DEG).label("column")
    found = connection.execute(
        select(row, column, func.count().label("cases"))
        .where(*opened_within(wanted), cases.c.lat.is_not(None), cases.c.lon.is_not(None))
        .group_by(row, column)
        .order_by(func.count().desc(), row, column)
        .limit(most)
    )
    return tuple(_square(up, along, count) for up, along, count in found)


def _square(row: int, column: int, count: int) -> SquareCount:
    south, west = row / PER_LAT_DEG - 90.0, column / PER_LON_DEG - 180.0
    north, east = south + LAT_DEG, west + LON_DEG
    return SquareCount(round(south, 6), round(west, 6), round(north, 6), round(east, 6), count)
