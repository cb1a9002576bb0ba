"""One feature of a GeoJSON file as a grid cell: its code, name and polygons, or what is wrong."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from shapely import GEOSException, is_valid_reason
from shapely.geometry import MultiPolygon, Polygon

from detector.photo_facts import Datum, Position, to_wgs84

CODE_KEYS: Final = ("code", "gridcode", "grid_code", "bgcode", "id", "网格编码", "编码")
NAME_KEYS: Final = ("name", "gridname", "grid_name", "bgname", "网格名称", "名称")
LONGEST_CODE: Final = 64
"""Characters, as the ledger's column holds."""
LONGEST_NAME: Final = 200

FeatureErrorKind = Literal["missing_code", "bad_code", "not_polygon", "out_of_range", "invalid"]
Point = tuple[float, float]


class FeatureError(ValueError):
    """What is wrong with a feature; goes no further than this package."""

    def __init__(self, kind: FeatureErrorKind, message: str) -> None:
        """Keep the kind; `grid_code` is set where the code is known."""
        super().__init__(message)
        self.kind: FeatureErrorKind = kind
        self.grid_code: str | None = None


def read_feature(feature: object, datum: Datum) -> tuple[str, str | None, Polygon | MultiPolygon]:
    """Return a cell's code, its name and its geometry in WGS-84.

    Raises:
        FeatureError: The code is missing or no code, or the geometry no sound polygon.
    """
    if not isinstance(feature, Mapping):
        raise FeatureError("not_polygon", "is no feature")
    properties = feature.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    code = _read_code(properties, feature.get("id"))
    try:
        shape = read_polygons(feature.get("geometry"), datum)
    except FeatureError as error:
        error.grid_code = code
        raise
    return code, _read_name(properties), shape


def read_polygons(geometry: object, datum: Datum) -> Polygon | MultiPolygon:
    """Return a GeoJSON Polygon or MultiPolygon in WGS-84.

    Raises:
        FeatureError: It is no such thing, or not sound.
    """
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or kind not in ("Polygon", "MultiPolygon"):
        raise FeatureError("not_polygon", f"is a {kind or 'feature without geometry'}, no polygon")
    parts = geometry.get("coordinates")
    try:
        if kind == "Polygon":
            shape: Polygon | MultiPolygon = _read_polygon(parts, datum)
        else:
            shape = MultiPolygon([_read_polygon(part, datum) for part in _read_list(parts)])
        if not shape.is_valid or shape.area == 0:
            raise FeatureError("invalid", f"has no sound outline: {is_valid_reason(shape)}")
    except GEOSException as error:
        raise FeatureError("invalid", f"has no sound outline: {error}") from error
    return shape


def _read_code(properties: Mapping[str, Any], feature_id: object) -> str:
    value = _first_of(properties, CODE_KEYS)
    value = feature_id if value is None else value
    # Numbers are taken: tools write codes of 15 digits as such, and floats hold them exactly.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FeatureError("missing_code", f"has no code in {', '.join(CODE_KEYS)}")
    if not isinstance(value, str) or not _is_text(value.strip(), LONGEST_CODE):
        raise FeatureError("bad_code", f"has no code of up to {LONGEST_CODE} plain characters")
    return value.strip()


def _read_name(properties: Mapping[str, Any]) -> str | None:
    value = _first_of(properties, NAME_KEYS)
    if not isinstance(value, str) or not _is_text(value.strip(), LONGEST_NAME):
        return None
    return value.strip()


def _first_of(properties: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """Return the first property that is there and not blank, in any case of letters."""
    lowered = {str(key).strip().lower(): value for key, value in properties.items()}
    return next((lowered[key] for key in keys if lowered.get(key) not in (None, "")), None)


def _is_text(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest and value.isprintable()


def _read_list(value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise FeatureError("invalid", "has coordinates that are no lists of positions")
    return value


def _read_polygon(rings: object, datum: Datum) -> Polygon:
    shell, *holes = (_read_ring(ring, datum) for ring in _read_list(rings))
    return Polygon(shell, holes)


def _read_ring(ring: object, datum: Datum) -> list[Point]:
    points = [_read_point(point, datum) for point in _read_list(ring)]
    if len(points) < 4 or points[0] != points[-1]:
        raise FeatureError("invalid", "has a ring that is not closed, or of less than 4 positions")
    return points


def _read_point(point: object, datum: Datum) -> Point:
    numbers = point[:2] if isinstance(point, list) else []
    if len(numbers) != 2 or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    ):
        raise FeatureError("invalid", "has a position that is not [longitude, latitude]")
    lon, lat = numbers
    # Written so that not-a-number fails too; isfinite would choke on whole numbers of 400 digits.
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise FeatureError(
            "out_of_range", f"has the position [{lon}, {lat}], which is no [longitude, latitude]"
        )
    if datum == "wgs84":
        return float(lon), float(lat)
    there = to_wgs84(Position(lat, lon, datum))
    return there.lon, there.lat
