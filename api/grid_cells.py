"""The bureau's grid cells: imported as a whole, noticed by every replica."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from api.cases.grid import Grid, GridProblem, parse_grid
from api.casework.ledger import make_event, record_change
from api.errors import InvalidError
from api.services import Services
from api.store.audit import record_audit
from api.store.cases import get_case
from api.store.database import Database
from api.store.grid import grid_version, list_cells, list_placed_cases, replace_cells
from detector.photo_facts import Datum

LOOK_EVERY_S: Final = 3.0
"""How often a replica looks whether another has imported cells."""


@dataclass(frozen=True, slots=True)
class GridImport:
    """What an import did."""

    cells: int
    version: int
    """Grows with each import."""
    reassigned: int
    """Cases that lie in another cell now."""
    problems: tuple[GridProblem, ...]


def load_grid(database: Database) -> Grid:
    """Return the grid as the ledger holds it.

    Raises:
        InvalidError: A stored cell is damaged.
        StorageError: The database does not answer.
    """
    with database.read() as connection:
        return Grid.from_rows(list_cells(connection))


def import_grid(
    services: Services,
    geojson: object,
    *,
    actor: str,
    datum: Datum = "wgs84",
    reassign: bool = False,
) -> GridImport:
    """Put the cells of a file in the place of all that were, or change nothing.

    Args:
        services: What the service works with; its grid is replaced.
        geojson: A FeatureCollection.
        actor: Who does it.
        datum: Of the file's positions.
        reassign: Give the cases that have not ended the cell that they lie in now; else they keep
            the code that they were filed with.

    Raises:
        InvalidError: It is no FeatureCollection, or none of its cells is sound.
    """
    grid, problems = parse_grid(geojson, datum=datum)
    if not len(grid):
        first = f" {problems[0].message}" if problems else ""
        raise InvalidError(
            "grid_empty",
            f"None of the cells can be used; the grid stays as it was.{first}",
            "Correct the file.",
        )
    with services.database.write() as connection:
        version = replace_cells(connection, grid.cells)
        moved = _reassign(services, connection, grid, actor) if reassign else 0
        record_audit(
            services.database,
            connection,
            at=services.clock(),
            actor=actor,
            action="grid.imported",
            target="grid",
            details={
                "version": version,
                "cells": len(grid),
                "problems": len(problems),
                "reassigned": moved,
            },
        )
    services.grid = grid
    return GridImport(len(grid), version, moved, problems)


def watch_grid(services: Services) -> Callable[[], float]:
    """Return a step of a `Loop` that takes over cells which another replica imported.

    Until it has looked, at most `LOOK_EVERY_S`, new cases get the cells that were.
    """
    known: int | None = None

    def step() -> float:
        nonlocal known
        with services.database.read() as connection:
            version = grid_version(connection)
            if version != known:
                services.grid = Grid.from_rows(list_cells(connection))
                known = version
        return LOOK_EVERY_S

    return step


def _reassign(services: Services, connection: Connection, grid: Grid, actor: str) -> int:
    moved = 0
    for placed in list_placed_cases(connection):
        code = grid.find(placed.lat, placed.lon)
        if code == placed.grid_code:
            continue
        case = get_case(connection, placed.id, lock=True)
        if case is None or case.ended_at is not None:
            continue
        after = replace(case, grid_code=code, version=case.version + 1)
        line = make_event(
            after,
            "corrected",
            at=services.clock(),
            actor=actor,
            before=case,
            reason="The grid was imported anew.",
            details={"grid_code": [case.grid_code, code]},
        )
        record_change(services, connection, after, line, left_grid=case.grid_code)
        moved += 1
    return moved
