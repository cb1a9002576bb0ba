"""Toilets from files, and the nearest of them."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cases.places import distance_m
from api.errors import InvalidError
from api.services import Services
from api.store.database import Database
from api.store.toilets import count_toilets, save_toilets
from api.toilets.files import parse_csv, parse_geojson
from api.toilets.importing import ToiletImport, import_toilets, read_toilet_file
from api.toilets.nearest import box_around, find_near_toilets
from api.toilets.toilet import Toilet, ToiletFile, clean_text
from detector.errors import UsageError
from detector.photo_facts import Position, from_wgs84

if TYPE_CHECKING:
    from starlette.testclient import TestClient

HEADER = "名称,纬度,经度,地址,开放时间,无障碍,收费"
ROWS = """\
人民公园公厕,31.2304,121.4737,"南京西路 231 号, 东门",06:00-22:00,有,免费
没有坐标的,,,,,,
坐标颠倒的,121.4737,31.2304,,,,
老城厢公厕,31.2200,121.4900,,24/7,三个坑位,1元
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_good_rows_are_taken_bad_rows_are_told_by_line(encoding: str, line_end: str) -> None:
    data = f"{HEADER}\n{ROWS}".replace("\n", line_end).encode(encoding)
    content = parse_csv(data)
    park, town = content.toilets
    assert (park.name, park.lat, park.lon) == ("人民公园公厕", 31.2304, 121.4737)
    assert (park.address, park.opening_hours) == ("南京西路 231 号, 东门", "06:00-22:00")
    assert (park.wheelchair, park.fee) == ("yes", False)
    assert (town.name, town.wheelchair, town.fee) == ("老城厢公厕", None, True)
    assert [(one.row, one.kept) for one in content.problems] == [
        (3, False),
        (4, False),
        (5, True),
    ]


def test_csv_datum_separator_and_english_names() -> None:
    there = from_wgs84(Position(31.2304, 121.4737), "gcj02")
    data = f"id;name;lat;lng;wheelchair\n7;Park;{there.lat};{there.lon};limited\n"
    (toilet,) = parse_csv(data.encode(), "gcj02").toilets
    assert toilet.id == "7"
    assert distance_m(toilet.lat, toilet.lon, 31.2304, 121.4737) < 0.1
    assert toilet.wheelchair == "limited"


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", "名称,地址\n甲,乙\n".encode()])
def test_csv_that_is_none_is_refused_whole(data: bytes) -> None:
    with pytest.raises(InvalidError):
        parse_csv(data)


CELLS = st.text(max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS, CELLS, CELLS), max_size=8))
@settings(max_examples=200, deadline=None)
def test_csv_of_any_text_never_breaks_and_loses_no_row(rows: list[tuple[str, ...]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(HEADER.split(","))
    written = 0
    for row in rows:
        try:
            writer.writerow(row)
        except csv.Error:
            continue
        written += any(cell.strip() for cell in row)
    try:
        data = stream.getvalue().encode()
    except UnicodeEncodeError:
        return
    content = parse_csv(data)
    refused = [one for one in content.problems if not one.kept]
    assert len(content.toilets) + len(refused) == written
    assert len({one.id for one in content.toilets}) == len(content.toilets)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_files_of_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_csv, parse_geojson):
        try:
            content = parse(data)
        except InvalidError:
            continue
        assert isinstance(content, ToiletFile)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=30)
LATS = st.floats(-89, 89).map(lambda value: round(value, 6)).filter(bool)
LONS = st.floats(-179, 179).map(lambda value: round(value, 6)).filter(bool)


@given(st.lists(st.tuples(NAMES, LATS, LONS), max_size=6))
@settings(deadline=None)
def test_csv_gives_back_what_was_written_with_stable_ids(
    rows: list[tuple[str, float, float]],
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["名称", "纬度", "经度"])
    writer.writerows(rows)
    data = stream.getvalue().encode("utf-8-sig")
    content = parse_csv(data)
    wanted = {(clean_text(name) or "公共厕所", lat, lon) for name, lat, lon in rows}
    assert {(one.name, one.lat, one.lon) for one in content.toilets} == wanted
    assert parse_csv(data) == content


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_geojson_points_areas_and_what_is_neither() -> None:
    square = [[[121.0, 31.0], [121.2, 31.0], [121.2, 31.2], [121.0, 31.2], [121.0, 31.0]]]
    features = [
        feature(
            {"type": "Point", "coordinates": [121.5, 31.5]},
            **{"@id": "node/1", "name": "甲", "wheelchair": "no", "fee": True},
        ),
        feature(
            {"type": "Polygon", "coordinates": square},
            **{"addr:street": "人民路", "addr:housenumber": "3", "opening_hours": "24/7"},
        ),
        feature(None, name="no geometry"),
        feature({"type": "Point", "coordinates": ["x", 1]}),
        feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}),
        feature({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}),
        feature({"type": "Point", "coordinates": [121.5, 31.5]}, **{"@id": "node/1"}),
        "what",
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    content = parse_geojson(text.encode())
    point, area = content.toilets
    assert (point.id, point.name, point.wheelchair, point.fee) == ("node/1", "甲", "no", True)
    assert (area.lat, area.lon) == pytest.approx((31.1, 121.1), abs=1e-6)
    assert (area.address, area.opening_hours) == ("人民路3", "24/7")
    assert [one.row for one in content.problems] == [3, 4, 5, 6, 7, 8]


def test_text_of_files_fits_both_databases() -> None:
    assert clean_text("a\x00b\ud800c\u2028 d") == "a b c d"
    assert len(clean_text("长" * 2000)) == 500


@given(
    st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=20),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.floats(1, 50_000),
)
@settings(max_examples=300, deadline=None)
def test_a_box_holds_its_circle(
    places: list[tuple[float, float]], lat: float, lon: float, radius_m: float
) -> None:
    south, north, west, east = box_around(lat, lon, radius_m)
    # Far places say little: bring each to about the circle's edge as well.
    near = [
        (max(-90.0, min(90.0, lat + a / 90 * radius_m / 1e5)), lon + b / 180 * radius_m / 1e5)
        for a, b in places
    ]
    for at, on in [*places, *near]:
        wrapped = (on + 180) % 360 - 180
        if distance_m(lat, lon, at, wrapped) <= radius_m:
            assert south <= at <= north
            across = west <= wrapped <= east if west <= east else wrapped >= west or wrapped <= east
            assert across


@pytest.fixture
def city(database: Database) -> tuple[Toilet, ...]:
    """2,000 toilets over some 40 km, by a fixed pattern, and some about the date line."""
    toilets = [
        Toilet(f"t{i}", "公厕", 31.0 + i * 7919 % 2000 / 5000, 121.0 + i * 104729 % 1999 / 5000)
        for i in range(2000)
    ]
    toilets += [Toilet("west", "西", 10.0, -179.999), Toilet("east", "东", 10.0, 179.999)]
    with database.write() as connection:
        save_toilets(connection, toilets)
    return tuple(toilets)


def test_the_nearest_are_those_of_a_plain_search(
    database: Database, city: tuple[Toilet, ...]
) -> None:
    for lat, lon, radius_m, limit in (
        (31.2, 121.2, 5_000, 10),
        (31.2, 121.2, 300, 10),
        (31.2, 121.2, 50_000, 50),
        (30.9, 120.9, 50_000, 3),
        (10.0, 180.0, 5_000, 10),
        (10.0, -180.0, 5_000, 1),
        (-60.0, 0.0, 50_000, 10),
    ):
        with database.read() as connection:
            near = find_near_toilets(connection, lat, lon, radius_m=radius_m, limit=limit)
        plain = sorted((distance_m(lat, lon, one.lat, one.lon), one.id) for one in city)
        wanted = [one for one in plain if one[0] <= radius_m][:limit]
        assert [(one.distance_m, one.toilet.id) for one in near] == wanted


def test_importing_again_replaces_by_id(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "toilets.csv"
    by: dict[str, Any] = {"actor": "system:test", "source": path.name}
    path.write_text("编号,名称,纬度,经度\n1,甲,31.1,121.1\n2,乙,31.2,121.2\n", encoding="gb18030")
    content = read_toilet_file(path, "wgs84")
    assert import_toilets(services, content, **by) == ToiletImport(2, 0, 2)
    path.write_text("编号,名称,纬度,经度\n2,乙新,31.2,121.2\n3,丙,31.3,121.3\n", encoding="utf-8")
    content = read_toilet_file(path, "wgs84")
    assert import_toilets(services, content, **by) == ToiletImport(2, 0, 3)
    assert import_toilets(services, content, **by, whole=True) == ToiletImport(2, 1, 2)
    with services.database.read() as connection:
        assert count_toilets(connection) == 2
        (found, _) = find_near_toilets(connection, 31.2, 121.2, radius_m=50_000, limit=2)
    assert found.toilet.name == "乙新"
    with pytest.raises(UsageError):
        read_toilet_file(tmp_path / "toilets.xlsx", "wgs84")


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_the_route_answers_in_the_datum_asked(
    client: "TestClient", city: tuple[Toilet, ...], datum: str
) -> None:
    there = from_wgs84(Position(31.2, 121.2), datum)  # type: ignore[arg-type]
    query: dict[str, Any] = {"lat": there.lat, "lng": there.lon, "datum": datum, "limit": 3}
    content = client.get("/v1/toilets", params=query).json()
    assert content["datum"] == datum
    distances = [one["distance_m"] for one in content["items"]]
    assert len(distances) == 3
    assert distances == sorted(distances)
    nearest = content["items"][0]
    assert distance_m(there.lat, there.lon, nearest["lat"], nearest["lng"]) == pytest.approx(
        nearest["distance_m"], rel=0.01
    )
    assert set(nearest) == {
        "id", "name", "lat", "lng", "distance_m", "address", "opening_hours", "wheelchair", "fee",
    }  # fmt: skip
    assert city


def test_the_route_refuses_what_makes_no_sense(client: "TestClient") -> None:
    for query in ({"lat": 91, "lng": 0}, {"lat": 1}, {"lat": 1, "lng": 1, "limit": 51}):
        answer = client.get("/v1/toilets", params=query)
        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_request"
    assert client.get("/v1/toilets?lat=1&lng=1").json() == {"datum": "wgs84", "items": []}
