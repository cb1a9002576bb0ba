"""What an import of grid cells would do; nothing is stored."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from api.cases.grid import GridCell, GridProblem, parse_grid
from api.services import Services
from api.store.grid import list_cells, list_placed_cases
from detector.photo_facts import Datum

Fate = Literal["new", "changed", "same", "gone"]


@dataclass(frozen=True, slots=True)
class CellFate:
    """What becomes of one cell."""

    cell: GridCell
    """As the file has it; one that goes, as it was."""
    fate: Fate


@dataclass(frozen=True, slots=True)
class CaseMove:
    """Open cases that would get another cell."""

    before: str | None
    """None: in no cell."""
    after: str | None
    cases: int


@dataclass(frozen=True, slots=True)
class GridPreview:
    """What an import would do."""

    cells: tuple[CellFate, ...]
    """In the order of their codes."""
    problems: tuple[GridProblem, ...]
    moves: tuple[CaseMove, ...]
    """The most cases first."""

    def count(self, fate: Fate) -> int:
        """Return how many cells have a fate."""
        return sum(one.fate == fate for one in self.cells)

    @property
    def taken(self) -> int:
        """How many cells there would be."""
        return len(self.cells) - self.count("gone")

    @property
    def moved(self) -> int:
        """How many open cases would get another cell."""
        return sum(one.cases for one in self.moves)


def preview_grid(services: Services, geojson: object, datum: Datum) -> GridPreview:
    """Look at a file of cells beside those that there are.

    Raises:
        InvalidError: It is no FeatureCollection.
        StorageError: The database does not answer.
    """
    grid, problems = parse_grid(geojson, datum=datum)
    with services.database.read() as connection:
        present = {cell.code: cell for cell in list_cells(connection)}
        placed = list_placed_cases(connection)
    fates = [CellFate(cell, _judge(present.get(cell.code), cell)) for cell in grid.cells]
    kept = {cell.code for cell in grid.cells}
    fates += [CellFate(cell, "gone") for code, cell in present.items() if code not in kept]
    moves = Counter(
        (case.grid_code, code)
        for case in placed
        if (code := grid.find(case.lat, case.lon)) != case.grid_code
    )
    return GridPreview(
        tuple(sorted(fates, key=lambda one: one.cell.code)),
        problems,
        tuple(
            CaseMove(before, after, n)
            for (before, after), n in sorted(
                moves.items(), key=lambda one: (-one[1], one[0][0] or "", one[0][1] or "")
            )
        ),
    )


def _judge(before: GridCell | None, after: GridCell) -> Fate:
    if before is None:
        return "new"
    return "same" if before == after else "changed"
