"""What stands around a case: others nearby, their numbers, the units that get work."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, func, select

from api.cases.case import Case
from api.cases.places import cells_around, distance_m
from api.store.cases import COLUMNS
from api.store.scope import visible
from api.store.tables import case_events, cases

MOST_NEARBY: Final = 200
LOOKED_THROUGH: Final = 20_000
"""Newest lines of history in which dispatches are looked for: a ledger that dispatches nothing is
not read from end to end."""
LAST_DISPATCHES: Final = 200


def nearby_cases(
    connection: Connection,
    lat: float,
    lon: float,
    radius_m: float,
    grids: tuple[str, ...],
    limit: int = MOST_NEARBY,
) -> tuple[tuple[Case, float], ...]:
    """Return the cases within a circle that have not ended, with their metres, nearest first.

    Args:
        connection: In a transaction.
        lat: Degrees, WGS-84.
        lon: Degrees, WGS-84.
        radius_m: Of the circle.
        grids: Prefixes of grid codes that are seen; empty: all.
        limit: At most so many.
    """
    rows = connection.execute(
        select(*COLUMNS)
        .where(
            cases.c.place_cell.in_(cells_around(lat, lon, radius_m)),
            cases.c.ended_at.is_(None),
            visible(cases.c.grid_code, grids),
        )
        .order_by(cases.c.opened_at.desc(), cases.c.id)
        .limit(limit * 5)  # A square of cells holds more than its circle.
    )
    found = []
    for row in rows:
        case = Case(**row._mapping)
        away_m = distance_m(lat, lon, row.lat, row.lon)
        if away_m <= radius_m:
            found.append((case, away_m))
    return tuple(sorted(found, key=lambda one: (one[1], one[0].id))[:limit])


def recent_units(
    connection: Connection, grids: tuple[str, ...], limit: int = 20
) -> tuple[str, ...]:
    """Return the units that cases were last dispatched to, newest first, each once.

    Args:
        connection: In a transaction.
        grids: Prefixes of grid codes that are seen; empty: all.
        limit: At most so many.
    """
    newest = connection.execute(select(func.max(case_events.c.seq))).scalar() or 0
    last = (
        select(case_events.c.seq, case_events.c.case_id, case_events.c.details)
        .where(case_events.c.seq > newest - LOOKED_THROUGH, case_events.c.action == "dispatch")
        .order_by(case_events.c.seq.desc())
        .limit(LAST_DISPATCHES)
        .subquery()
    )
    rows = connection.execute(
        select(last.c.details)
        .join(cases, cases.c.id == last.c.case_id)
        .where(visible(cases.c.grid_code, grids))
        .order_by(last.c.seq.desc())
    )
    units = (row.details.get("unit") for row in rows)
    return tuple(dict.fromkeys(unit for unit in units if isinstance(unit, str)))[:limit]


def number_cases(
    connection: Connection, case_ids: Iterable[str], grids: tuple[str, ...]
) -> dict[str, str]:
    """Return the numbers of those of the cases that are seen, by id."""
    rows = connection.execute(
        select(cases.c.id, cases.c.number).where(
            cases.c.id.in_(set(case_ids)), visible(cases.c.grid_code, grids)
        )
    )
    return {row.id: row.number for row in rows}


def find_number(connection: Connection, number: str, grids: tuple[str, ...]) -> str | None:
    """Return the id of the case with a number, if it is seen."""
    return connection.execute(
        select(cases.c.id).where(cases.c.number == number, visible(cases.c.grid_code, grids))
    ).scalar_one_or_none()
