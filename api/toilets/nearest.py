"""Which public toilets are near: boxes around the place that grow until enough are in them.

A box is a plain range of latitudes and longitudes, so it needs no extension of either database,
and every replica answers from what was imported last.
"""

import math
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from api.cases.places import distance_m
from api.store.toilets import toilets_in_box
from api.toilets.toilet import Toilet

FIRST_RADIUS_M: Final = 500.0
"""Chinese cities plan a public toilet every 300 to 800 m of street (CJJ 14, n/v)."""
GROWTH: Final = 3.0
METRES_PER_DEGREE: Final = 110_540.0
"""The shortest degree of latitude, at the equator: boxes are too large, never too small."""


@dataclass(frozen=True, slots=True)
class NearToilet:
    """A toilet, and how far it is."""

    toilet: Toilet
    distance_m: float
    """In a straight line."""


def find_near_toilets(
    connection: Connection, lat: float, lon: float, *, radius_m: float, limit: int
) -> tuple[NearToilet, ...]:
    """Return the nearest toilets, nearest first.

    Args:
        connection: In a transaction.
        lat: WGS-84 degrees.
        lon: As `lat`.
        radius_m: Not farther away than this.
        limit: At most so many.
    """
    radius = min(FIRST_RADIUS_M, radius_m)
    while True:
        near = [
            NearToilet(toilet, away)
            for toilet in toilets_in_box(connection, *box_around(lat, lon, radius))
            if (away := distance_m(lat, lon, toilet.lat, toilet.lon)) <= radius
        ]
        if len(near) >= limit or radius >= radius_m:
            near.sort(key=lambda one: (one.distance_m, one.toilet.id))
            return tuple(near[:limit])
        radius = min(radius * GROWTH, radius_m)


def box_around(lat: float, lon: float, radius_m: float) -> tuple[float, float, float, float]:
    """Return south, north, west, east of a box that holds the circle."""
    # A hundredth more than the circle: the earth is a ball in `distance_m`, and rounding is free.
    reach = 1.01 * radius_m / METRES_PER_DEGREE
    south, north = max(-90.0, lat - reach), min(90.0, lat + reach)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    if narrowest * 180 <= reach:
        return south, north, -180.0, 180.0
    sideways = reach / narrowest
    return south, north, _wrap(lon - sideways), _wrap(lon + sideways)


def _wrap(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0 if not -180.0 <= lon <= 180.0 else lon
