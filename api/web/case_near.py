"""What a case's map shows: the open cases around it, and the cell that it lies in."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.casework.moving import find_case
from api.principal import Principal
from api.store.case_neighbours import nearby_cases
from api.store.grid import get_cell
from api.web.shown import Showing

NEAR_M: Final = 300.0
MOST_SHOWN: Final = 100


def gather_near(
    connection: Connection, principal: Principal, case_id: str, showing: Showing
) -> Mapping[str, Any]:
    """Return the open cases within 300 m that the key sees, nearest first, as JSON holds them.

    Raises:
        NotFoundError: The key sees no such case.
    """
    case = find_case(connection, principal, case_id)
    cell = None if case.grid_code is None else get_cell(connection, case.grid_code)
    found: tuple[tuple[Case, float], ...] = ()
    if case.lat is not None and case.lon is not None:
        found = nearby_cases(
            connection, case.lat, case.lon, NEAR_M, principal.grids, MOST_SHOWN + 1
        )
    shown_cell = None
    if cell is not None:
        geometry = dict(cell.geometry)
        shown_cell = {"code": cell.code, "name": cell.name, "geometry": geometry}
    return {
        "cell": shown_cell,
        "cases": [
            {
                "id": one.id,
                "number": one.number,
                "label": one.label,
                "name": showing.label_name(one.label),
                "state": showing.state_name(one.state),
                "lat": one.lat,
                "lng": one.lon,
                "away_m": round(away_m),
            }
            for one, away_m in found
            if one.id != case.id
        ],
    }
