"""Datums, distances, and squares that miss nothing."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cases.places import EARTH_RADIUS_M, cells_around, distance_m, place_cell, to_wgs84
from api.errors import InvalidError
from detector.photo_facts import Datum, Position, from_wgs84

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
DATUMS: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")


def walk(lat: float, lon: float, bearing: float, metres: float) -> tuple[float, float]:
    """Go straight on along the sphere (the direct formula, not the haversine)."""
    phi, way = math.radians(lat), metres / EARTH_RADIUS_M
    there = math.sin(phi) * math.cos(way) + math.cos(phi) * math.sin(way) * math.cos(bearing)
    there = math.asin(max(-1.0, min(1.0, there)))
    east = math.atan2(
        math.sin(bearing) * math.sin(way) * math.cos(phi),
        math.cos(way) - math.sin(phi) * math.sin(there),
    )
    return math.degrees(there), (lon + math.degrees(east) + 540) % 360 - 180


@settings(max_examples=1000)
@given(
    latitudes | st.floats(89.9, 90) | st.floats(-90, -89.9),
    longitudes | st.sampled_from((-180.0, 180.0, 179.9999, -179.9999, 0.0)),
    st.floats(0, 2 * math.pi),
    st.floats(0, 1),
    st.sampled_from((1.0, 30.0, 200.0, 2000.0)),
)
def test_every_place_within_the_radius_is_in_a_square(
    lat: float, lon: float, bearing: float, share: float, radius_m: float
) -> None:
    there = walk(lat, lon, bearing, share * radius_m)
    if distance_m(lat, lon, *there) <= radius_m:
        assert place_cell(*there) in cells_around(lat, lon, radius_m)


@given(latitudes, longitudes)
def test_a_place_lies_in_its_own_square(lat: float, lon: float) -> None:
    cell = place_cell(lat, lon)
    assert cell in cells_around(lat, lon, 0)
    assert 0 <= cell < 2**63


@given(st.floats(-85, 85), longitudes)
def test_few_squares_are_looked_at(lat: float, lon: float) -> None:
    cells = cells_around(lat, lon, 200)
    assert len(cells) <= 16
    assert list(cells) == sorted(set(cells))


@given(latitudes)
def test_180_degrees_east_is_180_degrees_west(lat: float) -> None:
    assert place_cell(lat, 180) == place_cell(lat, -180)
    assert place_cell(lat, 180) in cells_around(lat, -179.99999, 30)


def test_squares_tell_places_apart() -> None:
    assert place_cell(31.2304, 121.4737) != place_cell(31.2334, 121.4737)
    assert place_cell(31.2304, 121.4737) != place_cell(31.2304, 121.4770)
    assert (
        len({place_cell(30 + i / 100, 120 + j / 100) for i in range(50) for j in range(50)}) == 2500
    )


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0, 0), (0, 1), 111_195.08),  # One degree of the sphere's equator
        ((90, 0), (-90, 0), math.pi * EARTH_RADIUS_M),
        ((31, 179.9999), (31, -179.9999), 19.06),
        ((31.2304, 121.4737), (31.2304, 121.4737), 0),
    ],
)
def test_distance(a: tuple[float, float], b: tuple[float, float], metres: float) -> None:
    assert distance_m(*a, *b) == pytest.approx(metres, abs=0.01)


@given(latitudes, longitudes, st.floats(0, 2 * math.pi), st.floats(0, 100_000))
def test_distance_is_what_was_walked(lat: float, lon: float, bearing: float, metres: float) -> None:
    assert distance_m(lat, lon, *walk(lat, lon, bearing, metres)) == pytest.approx(
        metres, rel=1e-4, abs=0.5
    )


@given(st.floats(18.2, 53.5), st.floats(73.7, 135), st.sampled_from(DATUMS))
def test_a_place_in_china_comes_back_from_every_datum(lat: float, lon: float, datum: Datum) -> None:
    sent = from_wgs84(Position(lat, lon), datum)
    back = to_wgs84(sent.lat, sent.lon, datum)
    assert back.datum == "wgs84"
    assert distance_m(lat, lon, back.lat, back.lon) < 0.5


@pytest.mark.parametrize("datum", DATUMS)
@pytest.mark.parametrize(
    ("lat", "lon"),
    [(90.001, 0), (0, 180.001), (math.nan, 0), (0, math.inf), (121.47, 31.23), (-1e308, 1e308)],
)
def test_what_is_no_place_is_refused(lat: float, lon: float, datum: Datum) -> None:
    with pytest.raises(InvalidError, match="no place on earth"):
        to_wgs84(lat, lon, datum)


@given(latitudes, longitudes, st.sampled_from(DATUMS))
def test_what_is_taken_is_a_place(lat: float, lon: float, datum: Datum) -> None:
    try:
        place = to_wgs84(lat, lon, datum)
    except InvalidError:
        assert datum == "bd09"  # Its shift may lead off the map at the edge
        return
    assert abs(place.lat) <= 90
    assert abs(place.lon) <= 180


def test_the_numbers_of_squares_stay_as_they_are_stored() -> None:
    # Cases in the ledger carry them: another scheme needs a migration.
    assert place_cell(31.2304, 121.4737) == 10_910_828_892
    assert place_cell(-33.8568, 151.2153) == 5_052_917_525
    assert place_cell(90, 0) == 16_200_000_000
    assert place_cell(0, -180) == 8_100_000_000
