"""Time and place of capture, and the datums of Chinese maps."""

import math
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detector.photo_facts import (
    Datum,
    Position,
    bd09_to_gcj02,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    parse_captured_at,
    parse_position,
    to_wgs84,
    wgs84_to_gcj02,
)

TAKEN = datetime(2024, 5, 6, 7, 8, 9)
STAMP = "2024:05:06 07:08:09"
EARTH_RADIUS_M = 6371008.8

china = st.builds(
    Position,
    lat=st.floats(3.87, 53.54, allow_nan=False),
    lon=st.floats(73.67, 135.04, allow_nan=False),
)


def distance_m(one: Position, other: Position) -> float:
    """Great-circle distance (haversine)."""
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((other_lat - lat) / 2) ** 2 + (
        math.cos(lat) * math.cos(other_lat) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


# Capture time


def test_a_time_without_an_offset_is_naive() -> None:
    assert parse_captured_at({0x9003: STAMP}, {}) == TAKEN
    captured_at = parse_captured_at({0x9003: STAMP}, {})
    assert captured_at is not None
    assert captured_at.tzinfo is None


@pytest.mark.parametrize(
    ("offset", "minutes"),
    [("+08:00", 480), ("-03:30", -210), ("+00:00", 0), ("+08:00\x00", 480), (b"+08:00", 480)],
)
def test_an_offset_makes_a_zone(offset: str | bytes, minutes: int) -> None:
    captured_at = parse_captured_at({0x9003: STAMP, 0x9011: offset}, {})
    assert captured_at is not None
    assert captured_at.utcoffset() == timedelta(minutes=minutes)
    assert captured_at.replace(tzinfo=None) == TAKEN


@pytest.mark.parametrize(
    "offset",
    ["", "   :  ", "+8:00", "08:00", "+15:00", "+08:60", "+0²:00", "+08-00", "Z", 8, None],
)
def test_an_offset_that_is_none_leaves_the_time_naive(offset: object) -> None:
    captured_at = parse_captured_at({0x9003: STAMP, 0x9011: offset}, {})
    assert captured_at == TAKEN


def test_the_time_of_capture_goes_before_the_time_of_the_file() -> None:
    main = {0x0132: "2025:01:01 00:00:00"}
    assert parse_captured_at({0x9003: STAMP, 0x9010: "+08:00"}, main) == TAKEN


def test_the_time_of_the_file_takes_its_own_offset() -> None:
    captured_at = parse_captured_at({0x9010: "+08:00", 0x9011: "+01:00"}, {0x0132: STAMP})
    assert captured_at == TAKEN.replace(tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    "unset", ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "\x00" * 19, None, 5]
)
def test_an_unset_clock_is_no_time(unset: object) -> None:
    assert parse_captured_at({0x9003: unset}, {}) is None
    assert parse_captured_at({0x9003: unset}, {0x0132: STAMP}) == TAKEN


@pytest.mark.parametrize(
    "broken",
    ["2024:13:06 07:08:09", "2024:05:06", "yesterday", "2024:02:30 00:00:00", "2024-05-06T07:08"],
)
def test_a_time_that_is_none_is_an_error(broken: str) -> None:
    with pytest.raises(ValueError):
        parse_captured_at({0x9003: broken}, {})


def test_what_follows_the_seconds_is_passed_over() -> None:
    assert parse_captured_at({0x9003: f"{STAMP}.123\x00"}, {}) == TAKEN


def test_no_tags_no_time() -> None:
    assert parse_captured_at({}, {}) is None


# Position


def gps(lat: Any, lat_ref: Any, lon: Any, lon_ref: Any) -> dict[int, Any]:
    return {1: lat_ref, 2: lat, 3: lon_ref, 4: lon}


@pytest.mark.parametrize(
    ("lat_ref", "lon_ref", "north", "east"),
    [
        ("N", "E", 1, 1),
        ("S", "E", -1, 1),
        ("N", "W", 1, -1),
        ("S", "W", -1, -1),
        ("s", "w\x00", -1, -1),
        (b"S\x00", b"W\x00", -1, -1),
    ],
)
def test_references_give_the_signs(lat_ref: Any, lon_ref: Any, north: int, east: int) -> None:
    position = parse_position(gps((39.0, 54.0, 31.4), lat_ref, (116.0, 23.0, 51.0), lon_ref))
    assert position is not None
    assert position.datum == "wgs84"
    assert position.lat == pytest.approx(north * 39.9087222, abs=1e-7)
    assert position.lon == pytest.approx(east * 116.3975, abs=1e-7)


def test_missing_references_are_north_and_east() -> None:
    assert parse_position({2: (39.5,), 4: (116.25,)}) == Position(39.5, 116.25)


def test_degrees_and_minutes_suffice() -> None:
    degrees = (Fraction(39), Fraction(5454, 100))
    assert parse_position(gps(degrees, "N", (116.0, 30.0), "E")) == Position(39.909, 116.5)


@pytest.mark.parametrize("missing", [2, 4])
def test_half_a_position_is_none(missing: int) -> None:
    tags = gps((39.0, 0.0, 0.0), "N", (116.0, 0.0, 0.0), "E")
    del tags[missing]
    assert parse_position(tags) is None


def test_no_fix_is_no_position() -> None:
    assert parse_position(gps((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E")) is None
    assert parse_position({}) is None


@pytest.mark.parametrize(
    "lat",
    [
        (math.nan, 0.0, 0.0),
        (math.inf, 0.0, 0.0),
        (90.0, 0.0, 0.1),
        (91.0, 0.0, 0.0),
        (),
        (1.0, 2.0, 3.0, 4.0),
        None,
        39.5,
        ("north",),
    ],
)
def test_a_latitude_that_is_none_is_an_error(lat: Any) -> None:
    with pytest.raises(ValueError):
        parse_position(gps(lat, "N", (116.0, 0.0, 0.0), "E"))


@pytest.mark.parametrize("lon", [(180.0, 0.0, 0.1), (math.nan,), (1.0, math.inf)])
def test_a_longitude_that_is_none_is_an_error(lon: Any) -> None:
    with pytest.raises(ValueError):
        parse_position(gps((39.0, 0.0, 0.0), "N", lon, "E"))


def test_the_ends_of_the_earth_are_places() -> None:
    assert parse_position(gps((90.0,), "S", (180.0,), "W")) == Position(-90.0, -180.0)


# Datums

# WGS-84 and GCJ-02 of Shanghai, Shenzhen and Beijing: the test values that the reconstructions of
# the transform share (github.com/googollee/eviltransform). They take another earth radius for
# some, so that a few centimetres are allowed.
PUBLISHED = [
    (Position(31.1774276, 121.5272106), Position(31.17530398364597, 121.531541859215)),
    (Position(22.543847, 113.912316), Position(22.540796131694766, 113.9171764808363)),
    (Position(39.911954, 116.377817), Position(39.91334545536069, 116.38404722455657)),
]


@pytest.mark.parametrize(("wgs84", "gcj02"), PUBLISHED)
def test_published_values_of_gcj02(wgs84: Position, gcj02: Position) -> None:
    shifted = wgs84_to_gcj02(wgs84)
    assert shifted.datum == "gcj02"
    assert distance_m(shifted, gcj02) < 0.05
    assert distance_m(gcj02_to_wgs84(gcj02), wgs84) < 0.05


def test_published_values_of_bd09() -> None:
    # github.com/wandergis/coordtransform, test/app.js: the same numbers in and the two ways out.
    there = gcj02_to_bd09(Position(39.915, 116.404, "gcj02"))
    assert (there.lat, there.lon) == pytest.approx((39.92133699351021, 116.41036949371029))
    assert there.datum == "bd09"
    back = bd09_to_gcj02(Position(39.915, 116.404, "bd09"))
    # Its way back is an approximation, good to about a metre.
    assert distance_m(back, Position(39.90865673957631, 116.39762729119315)) < 2
    shifted = wgs84_to_gcj02(Position(39.915, 116.404))
    assert (shifted.lat, shifted.lon) == pytest.approx((39.91640428150164, 116.41024449916938))


def test_tiananmen_is_shifted_by_some_five_hundred_metres() -> None:
    place = Position(39.908722, 116.397499)
    shifted = wgs84_to_gcj02(place)
    assert distance_m(shifted, Position(39.9101258, 116.4037443)) < 1
    assert 500 < distance_m(place, shifted) < 600


@given(china)
@example(Position(3.861, 73.661))
@example(Position(53.549, 135.049))
@example(Position(3.861, 135.049))
@example(Position(53.549, 73.661))
def test_there_and_back_is_the_same_place_in_china(place: Position) -> None:
    gcj02 = wgs84_to_gcj02(place)
    assert distance_m(gcj02_to_wgs84(gcj02), place) < 0.5
    assert distance_m(bd09_to_gcj02(gcj02_to_bd09(gcj02)), gcj02) < 0.5


@given(china, st.sampled_from(["wgs84", "gcj02", "bd09"]))
def test_to_and_from_wgs84_undo_each_other(place: Position, datum: Datum) -> None:
    elsewhere = from_wgs84(place, datum)
    assert elsewhere.datum == datum
    back = to_wgs84(elsewhere)
    assert back.datum == "wgs84"
    assert distance_m(back, place) < 0.5


@given(china)
def test_the_shift_is_some_hundred_metres_at_most(place: Position) -> None:
    assert 0 < distance_m(place, wgs84_to_gcj02(place)) < 1500


@given(
    st.one_of(
        st.builds(Position, lat=st.floats(-90, 90), lon=st.floats(-180, 73.5)),
        st.builds(Position, lat=st.floats(-90, 90), lon=st.floats(135.2, 180)),
        st.builds(Position, lat=st.floats(-90, 3.7), lon=st.floats(-180, 180)),
        st.builds(Position, lat=st.floats(53.7, 90), lon=st.floats(-180, 180)),
    )
)
@example(Position(90.0, 100.0))
@example(Position(-90.0, 180.0))
def test_outside_china_nothing_is_shifted(place: Position) -> None:
    assert wgs84_to_gcj02(place) == Position(place.lat, place.lon, "gcj02")
    assert gcj02_to_wgs84(Position(place.lat, place.lon, "gcj02")) == place


def test_wgs84_stays_what_it_is() -> None:
    place = Position(39.9, 116.4)
    assert from_wgs84(place, "wgs84") is place
    assert to_wgs84(place) is place
