"""When and where a photo was taken, from its EXIF; and the datums of Chinese maps.

Positions are WGS-84 unless a name says otherwise. WeChat, Tencent and AMap give GCJ-02,
Baidu gives BD-09: both shift WGS-84 by up to some hundred metres inside mainland China.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal

Datum = Literal["wgs84", "gcj02", "bd09"]

# EXIF 2.32, tables 4-8 and 15.
TAG_DATETIME_ORIGINAL: Final = 0x9003
TAG_OFFSET_TIME_ORIGINAL: Final = 0x9011
TAG_DATETIME: Final = 0x0132
TAG_OFFSET_TIME: Final = 0x9010
GPS_LATITUDE_REF, GPS_LATITUDE, GPS_LONGITUDE_REF, GPS_LONGITUDE = 1, 2, 3, 4

# GCJ-02 is computed on the Krasovsky 1940 ellipsoid: semi-major axis in metres and the square
# of the first eccentricity, as in the published reconstructions of the transform
# (en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China).
KRASOVSKY_AXIS_M: Final = 6378245.0
KRASOVSKY_E2: Final = 0.00669342162296594323
BD09_TURN: Final = math.pi * 3000.0 / 180.0


@dataclass(frozen=True, slots=True)
class Position:
    """A place on earth."""

    lat: float
    """Degrees north, [-90, 90]."""
    lon: float
    """Degrees east, [-180, 180]."""
    datum: Datum = "wgs84"


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What the file tells about the capture."""

    captured_at: datetime | None = None
    """With a zone where the camera wrote one, else naive local time of the camera."""
    position: Position | None = None
    """WGS-84."""


def parse_captured_at(exif: Mapping[int, Any], main: Mapping[int, Any]) -> datetime | None:
    """Read the capture time from the EXIF sub-IFD, else from the main IFD.

    Args:
        exif: Tags of the EXIF sub-IFD.
        main: Tags of the main IFD.

    Returns:
        The time, with a zone if an offset tag stands beside it; None if there is none.

    Raises:
        ValueError: A time is there but it is not one.
    """
    for text, offset in (
        (exif.get(TAG_DATETIME_ORIGINAL), exif.get(TAG_OFFSET_TIME_ORIGINAL)),
        (main.get(TAG_DATETIME), exif.get(TAG_OFFSET_TIME)),
    ):
        stamp = _as_text(text)
        # Cameras with an unset clock write blanks or zeros: that is no time, not a broken one.
        if not stamp.strip(" :0\x00"):
            continue
        taken = datetime.strptime(stamp[:19], "%Y:%m:%d %H:%M:%S")
        zone = _parse_offset(_as_text(offset))
        return taken if zone is None else taken.replace(tzinfo=zone)
    return None


def parse_position(gps: Mapping[int, Any]) -> Position | None:
    """Read a WGS-84 position from the GPS IFD.

    Returns:
        The position, or None if the file has none.

    Raises:
        ValueError: A position is there but it is not one (not finite, out of range).
    """
    if GPS_LATITUDE not in gps or GPS_LONGITUDE not in gps:
        return None
    lat = _degrees(gps[GPS_LATITUDE], _as_text(gps.get(GPS_LATITUDE_REF, "N")), "S")
    lon = _degrees(gps[GPS_LONGITUDE], _as_text(gps.get(GPS_LONGITUDE_REF, "E")), "W")
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(f"latitude {lat}, longitude {lon} is no place on earth")
    # A phone without a fix writes 0, 0: a spot in the Gulf of Guinea where no photo is taken.
    return None if lat == 0 and lon == 0 else Position(round(lat, 7), round(lon, 7))


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else ""


def _parse_offset(text: str) -> timezone | None:
    text = text.strip(" \x00")
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":":
        return None
    hours, minutes = text[1:3], text[4:6]
    if not (text.isascii() and hours.isdigit() and minutes.isdigit()) or int(minutes) > 59:
        return None
    minutes_east = int(hours) * 60 + int(minutes)
    if minutes_east > 14 * 60:
        return None
    return timezone(timedelta(minutes=-minutes_east if text[0] == "-" else minutes_east))


def _degrees(parts: Any, reference: str, negative: str) -> float:
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ZeroDivisionError) as error:
        raise ValueError("a coordinate is not made of numbers") from error
    if not 1 <= len(numbers) <= 3 or not all(math.isfinite(number) for number in numbers):
        raise ValueError("a coordinate is not three finite numbers")
    value = math.fsum(number / 60**power for power, number in enumerate(numbers))
    return -value if reference.strip(" \x00").upper() == negative else value


def wgs84_to_gcj02(position: Position) -> Position:
    """Shift a WGS-84 position to GCJ-02; outside the transform's frame it stays as it is."""
    d_lat, d_lon = _gcj02_shift(position.lat, position.lon)
    return Position(position.lat + d_lat, position.lon + d_lon, "gcj02")


def gcj02_to_wgs84(position: Position) -> Position:
    """Undo the GCJ-02 shift by fixed-point iteration (error under a centimetre)."""
    lat, lon = position.lat, position.lon
    for _ in range(6 if _is_in_frame(lat, lon, margin_deg=0.1) else 0):
        d_lat, d_lon = _shift_anywhere(lat, lon)
        lat, lon = position.lat - d_lat, position.lon - d_lon
    # The frame bounds WGS-84: near its edge a place inside may have been shifted out of it.
    if not _is_in_frame(lat, lon):
        lat, lon = position.lat, position.lon
    return Position(lat, lon)


def gcj02_to_bd09(position: Position) -> Position:
    """Turn GCJ-02 into Baidu's BD-09 (radius and angle wobble, then a constant shift)."""
    z = math.hypot(position.lon, position.lat) + 0.00002 * math.sin(position.lat * BD09_TURN)
    theta = math.atan2(position.lat, position.lon) + 0.000003 * math.cos(position.lon * BD09_TURN)
    return Position(z * math.sin(theta) + 0.006, z * math.cos(theta) + 0.0065, "bd09")


def bd09_to_gcj02(position: Position) -> Position:
    """Undo BD-09 by fixed-point iteration."""
    lat, lon = position.lat - 0.006, position.lon - 0.0065
    for _ in range(6):
        there = gcj02_to_bd09(Position(lat, lon, "gcj02"))
        lat, lon = lat + position.lat - there.lat, lon + position.lon - there.lon
    return Position(lat, lon, "gcj02")


def to_wgs84(position: Position) -> Position:
    """Return the same place in WGS-84, whatever its datum."""
    if position.datum == "bd09":
        return gcj02_to_wgs84(bd09_to_gcj02(position))
    return gcj02_to_wgs84(position) if position.datum == "gcj02" else position


def from_wgs84(position: Position, datum: Datum) -> Position:
    """Return a WGS-84 position in another datum."""
    if datum == "wgs84":
        return position
    shifted = wgs84_to_gcj02(position)
    return shifted if datum == "gcj02" else gcj02_to_bd09(shifted)


def _is_in_frame(lat: float, lon: float, margin_deg: float = 0.0) -> bool:
    """Tell whether a WGS-84 place lies in the frame inside which Chinese maps shift."""
    inside_lon = 73.66 - margin_deg < lon < 135.05 + margin_deg
    return inside_lon and 3.86 - margin_deg < lat < 53.55 + margin_deg


def _gcj02_shift(lat: float, lon: float) -> tuple[float, float]:
    """Return the shift in degrees (north, east) at a WGS-84 place."""
    return _shift_anywhere(lat, lon) if _is_in_frame(lat, lon) else (0.0, 0.0)


def _shift_anywhere(lat: float, lon: float) -> tuple[float, float]:
    """Return the shift as if the frame had no edge; the constants are those of the transform."""
    x, y = lon - 105.0, lat - 35.0
    wave = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (wave + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2 / 3
    north += (160.0 * math.sin(y / 12 * math.pi) + 320.0 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (wave + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2 / 3
    east += (150.0 * math.sin(x / 12 * math.pi) + 300.0 * math.sin(x / 30 * math.pi)) * 2 / 3
    sine = math.sin(math.radians(lat))
    magic = 1 - KRASOVSKY_E2 * sine * sine
    meridian_m = KRASOVSKY_AXIS_M * (1 - KRASOVSKY_E2) / (magic * math.sqrt(magic))
    parallel_m = KRASOVSKY_AXIS_M / math.sqrt(magic) * math.cos(math.radians(lat))
    return math.degrees(north / meridian_m), math.degrees(east / parallel_m)
