"""The two forms in which lists of public toilets come: GeoJSON and CSV. Pure."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any, Final

from shapely.errors import ShapelyError
from shapely.geometry import shape

from api.errors import InvalidError
from api.toilets.toilet import RawToilet, ToiletFile, ToiletReader
from detector.photo_facts import Datum

# What the columns are called: as cities write them, and as this project's own export would.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("编号", "编码", "id"),
    "name": ("名称", "公厕名称", "name"),
    "lat": ("纬度", "lat", "latitude"),
    "lon": ("经度", "lng", "lon", "long", "longitude"),
    "address": ("地址", "address"),
    "opening_hours": ("开放时间", "opening_hours"),
    "wheelchair": ("无障碍", "无障碍设施", "wheelchair"),
    "fee": ("收费", "是否收费", "fee"),
}
_SEPARATORS: Final = (",", "\t", ";", "，")
_GEOMETRIES: Final = frozenset({"Point", "MultiPoint", "Polygon", "MultiPolygon"})


def parse_csv(data: bytes, datum: Datum = "wgs84") -> ToiletFile:
    """Read a CSV file whose first line names the columns, in Chinese or English.

    Args:
        data: UTF-8 with or without a mark, or GB 18030, as Excel in China writes.
        datum: Of the positions.

    Raises:
        InvalidError: It is no such file at all; single bad rows are problems of the answer.
    """
    text = _decode(data)
    first, *_ = text.splitlines() or [""]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise _not_read("csv_invalid", f"The first line cannot be read: {error}.") from error
    places = {
        column: header.index(name)
        for column, names in _COLUMNS.items()
        for name in names[::-1]
        if name in header
    }
    if missing := [_COLUMNS[column][0] for column in ("lat", "lon") if column not in places]:
        raise _not_read("columns_missing", f"The first line names no column {', '.join(missing)}.")
    reader = ToiletReader(datum)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return reader.result()
        except csv.Error as error:
            reader.refuse(rows.line_num, str(error))
            continue
        if any(cell.strip() for cell in cells):
            values = {key: cells[at] for key, at in places.items() if at < len(cells)}
            reader.take(
                RawToilet(
                    rows.line_num,
                    values.pop("id", ""),
                    values.pop("name", ""),
                    values.pop("lat", ""),
                    values.pop("lon", ""),
                    **values,
                )
            )


def parse_geojson(data: bytes, datum: Datum = "wgs84") -> ToiletFile:
    """Read a GeoJSON FeatureCollection with OpenStreetMap's property names.

    Args:
        data: UTF-8. Areas are taken at their centroid.
        datum: Of the positions; GeoJSON says WGS-84, but what Chinese maps export is GCJ-02.

    Raises:
        InvalidError: It is no such file at all; single bad features are problems of the answer.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _not_read("geojson_invalid", f"This is no JSON: {error}.") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise _not_read("geojson_invalid", "This is no FeatureCollection.")
    reader = ToiletReader(datum)
    for row, feature in enumerate(features, start=1):
        try:
            raw = _read_feature(row, feature)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ShapelyError) as error:
            reader.refuse(row, str(error) or "no feature with a position")
        else:
            reader.take(raw)
    return reader.result()


def _read_feature(row: int, feature: Any) -> RawToilet:
    if not isinstance(feature, dict):
        raise ValueError("no feature")
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict) or geometry.get("type") not in _GEOMETRIES:
        raise ValueError("neither a point nor an area")
    outline = shape(geometry)
    if outline.is_empty:
        raise ValueError("an empty geometry")
    centre = outline.centroid
    said = feature.get("properties")
    properties: dict[str, Any] = said if isinstance(said, dict) else {}
    own_id = feature.get("id", properties.get("@id", properties.get("id", "")))
    return RawToilet(
        row,
        str(own_id),
        str(properties.get("name:zh") or properties.get("name") or ""),
        centre.y,
        centre.x,
        address=_read_address(properties),
        opening_hours=str(properties.get("opening_hours") or ""),
        wheelchair=_word(properties.get("wheelchair")),
        fee=_word(properties.get("fee")),
    )


def _word(value: object) -> str:
    """JSON's true and false are words in OpenStreetMap."""
    return "" if value is None else str(value)


def _read_address(properties: Mapping[str, Any]) -> str:
    whole = properties.get("addr:full") or properties.get("addr") or properties.get("address")
    if whole:
        return str(whole)
    parts = ("addr:city", "addr:district", "addr:street", "addr:housenumber")
    return "".join(str(properties[part]) for part in parts if properties.get(part))


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_read("encoding_unknown", "The file is neither UTF-8 nor GB 18030.")


def _not_read(code: str, message: str) -> InvalidError:
    return InvalidError(
        code,
        message,
        "Send GeoJSON, or CSV whose first line is 名称,纬度,经度,地址,开放时间,无障碍,收费.",
    )
