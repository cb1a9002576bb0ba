"""Where cases come from, for the map: squares of about 100 m, and grid cells."""

from typing import Any, Final

from sqlalchemy import Connection

from api.cases.grid import Grid
from api.store.statistics import Wanted, count_by_cell, count_by_square
from api.web.figures import quantile_limits

MOST_SQUARES: Final = 2000
"""More cannot be told apart, and a browser draws them slowly; the emptiest are left out."""
MOST_CELLS: Final = 2000


def gather_heat(connection: Connection, wanted: Wanted, grid: Grid) -> dict[str, Any]:
    """Return the squares and cells with their counts as JSON; cells without cases are left out.

    Returns:
        squares: [south, west, north, east, cases], WGS-84 degrees, the fullest first, with
        `square_limits`, the largest count of each colour, and `squares_left_out`: whether there are
        more than are sent. cells: GeoJSON with code, name and cases, `cell_limits`.
    """
    squares = count_by_square(connection, wanted, MOST_SQUARES + 1)
    sent = squares[:MOST_SQUARES]
    counts = count_by_cell(connection, wanted)
    # A cell's code of the time may be one that a later import did away with: it has no shape.
    cells = sorted(
        (cell for cell in grid.cells if counts.get(cell.code)),
        key=lambda cell: (-counts[cell.code], cell.code),
    )[:MOST_CELLS]
    return {
        "squares": [[one.south, one.west, one.north, one.east, one.cases] for one in sent],
        "square_limits": quantile_limits([one.cases for one in sent]),
        "squares_left_out": len(squares) > len(sent),
        "cells": {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {
                        "code": cell.code,
                        "name": cell.name,
                        "cases": counts[cell.code],
                    },
                    "geometry": cell.geometry,
                }
                for cell in cells
            ],
        },
        "cell_limits": quantile_limits([counts[cell.code] for cell in cells]),
    }
