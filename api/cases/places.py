"""Positions: one datum for all, distances, and the squares by which near cases are found."""

import math
from typing import Final

from api.errors import InvalidError
from detector import photo_facts
from detector.photo_facts import Datum, Position

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius, IUGG."""
CELL_DEG: Final = 0.002
"""Height of a square: about 222 m, so that `near_m` of some ten metres touches few squares."""
_ROWS_SOUTH: Final = round(90 / CELL_DEG)
_COLUMNS: Final = round(360 / CELL_DEG)
_SLACK_RAD: Final = 1e-9
"""6 mm: more than rounding takes off a distance."""


def to_wgs84(lat: float, lon: float, datum: Datum) -> Position:
    """Return a position as it was sent in WGS-84.

    Args:
        lat: Degrees north in the datum.
        lon: Degrees east in the datum.
        datum: In which the two are given.

    Returns:
        WGS-84, rounded to 7 decimals, about a centimetre.

    Raises:
        InvalidError: They name no place on earth.
    """
    if math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180:
        there = photo_facts.to_wgs84(Position(lat, lon, datum))
        # Near a pole or the date line Baidu's constant shift may lead off the map.
        if abs(there.lat) <= 90 and abs(there.lon) <= 180:
            return Position(round(there.lat, 7), round(there.lon, 7))
    raise InvalidError(
        "position_invalid",
        f"Latitude {lat}, longitude {lon} is no place on earth.",
        "Send degrees: latitude in [-90, 90], longitude in [-180, 180].",
    )


def distance_m(a_lat: float, a_lon: float, b_lat: float, b_lon: float) -> float:
    """Return the metres between two WGS-84 places along the ground, on a sphere (haversine)."""
    a_phi, b_phi = math.radians(a_lat), math.radians(b_lat)
    half_lat = math.sin((b_phi - a_phi) / 2)
    half_lon = math.sin(math.radians(b_lon - a_lon) / 2)
    square = half_lat**2 + math.cos(a_phi) * math.cos(b_phi) * half_lon**2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, square)))


def place_cell(lat: float, lon: float) -> int:
    """Return the number of the square of about 222 m in which a WGS-84 place lies.

    Rows are of equal height; each has as many columns as its parallel is long, so that squares
    stay squares towards the poles. The numbers are stored with cases: never change the scheme
    without a migration.
    """
    row = _find_row(lat)
    return _pack(row, _find_column(lon, _count_columns(row)))


def cells_around(lat: float, lon: float, radius_m: float) -> tuple[int, ...]:
    """Return the numbers, ascending, of all squares that a circle may touch.

    Args:
        lat: Degrees, WGS-84.
        lon: Degrees, WGS-84.
        radius_m: Of the circle; 0 or more. The count grows with its square: 16 at most for 200 m.
    """
    reach = radius_m / EARTH_RADIUS_M + _SLACK_RAD
    phi = math.radians(lat)
    south = max(-90.0, math.degrees(phi - reach))
    north = min(90.0, math.degrees(phi + reach))
    # Widest extent in longitude of a circle on a sphere; one that holds a pole has all of it.
    ratio = math.sin(min(reach, math.pi / 2)) / max(math.cos(phi), 1e-300)
    half_deg = 180.0 if ratio >= 1 else math.degrees(math.asin(ratio) + _SLACK_RAD)
    cells: set[int] = set()
    for row in range(_find_row(south), _find_row(north) + 1):
        columns = _count_columns(row)
        first = math.floor((lon - half_deg + 180) / 360 * columns)
        last = math.floor((lon + half_deg + 180) / 360 * columns)
        last = min(last, first + columns - 1)
        cells.update(_pack(row, column % columns) for column in range(first, last + 1))
    return tuple(sorted(cells))


def _find_row(lat: float) -> int:
    return math.floor(lat / CELL_DEG) + _ROWS_SOUTH


def _count_columns(row: int) -> int:
    middle_deg = (row - _ROWS_SOUTH + 0.5) * CELL_DEG
    return max(1, math.floor(_COLUMNS * math.cos(math.radians(middle_deg))))


def _find_column(lon: float, columns: int) -> int:
    # 180 degrees east is 180 degrees west: both are column 0.
    return math.floor((lon + 180) / 360 * columns) % columns


def _pack(row: int, column: int) -> int:
    return row * _COLUMNS + column
