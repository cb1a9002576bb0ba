"""Grid cells in the ledger, and the number that tells replicas of a change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from api.cases.grid import GridCell
from api.store.side_tables import grid_cells
from api.store.tables import cases, counters
from api.store.upsert import upsert

VERSION_COUNTER: Final = "grid_version"


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """Where a case that has not ended lies, and the cell that it was given."""

    id: str
    lat: float
    lon: float
    grid_code: str | None


def list_cells(connection: Connection) -> tuple[GridCell, ...]:
    """Return all cells, in the order of their codes."""
    rows = connection.execute(select(grid_cells).order_by(grid_cells.c.code))
    return tuple(GridCell(row.code, row.name, row.geometry) for row in rows)


def get_cell(connection: Connection, code: str) -> GridCell | None:
    """Return a cell, or None."""
    row = connection.execute(select(grid_cells).where(grid_cells.c.code == code)).one_or_none()
    return None if row is None else GridCell(row.code, row.name, row.geometry)


def replace_cells(connection: Connection, cells: Iterable[GridCell]) -> int:
    """Put these cells in the place of all that were, and raise the version.

    Returns:
        The new version.
    """
    rows = [
        {"code": cell.code, "name": cell.name, "geometry": dict(cell.geometry)} for cell in cells
    ]
    version = _raise_version(connection)  # First: two imports wait for each other here.
    connection.execute(delete(grid_cells))
    if rows:
        connection.execute(insert(grid_cells), rows)
    return version


def grid_version(connection: Connection) -> int:
    """Return how often the cells were replaced."""
    value = connection.scalar(select(counters.c.value).where(counters.c.name == VERSION_COUNTER))
    return 0 if value is None else int(value)


def list_placed_cases(connection: Connection) -> tuple[PlacedCase, ...]:
    """Return the cases that have a position and have not ended, oldest first."""
    rows = connection.execute(
        select(cases.c.id, cases.c.lat, cases.c.lon, cases.c.grid_code)
        .where(cases.c.ended_at.is_(None), cases.c.lat.is_not(None))
        .order_by(cases.c.id)
    )
    return tuple(PlacedCase(row.id, row.lat, row.lon, row.grid_code) for row in rows)


def _raise_version(connection: Connection) -> int:
    statement = upsert(connection, counters).values(name=VERSION_COUNTER, value=1)
    return int(
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": counters.c.value + 1}
            ).returning(counters.c.value)
        ).scalar_one()
    )
