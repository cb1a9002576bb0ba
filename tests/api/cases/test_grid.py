"""Grid cells from GeoJSON: which holds a place, and what is wrong in a file."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cases.grid import Grid, GridCell, parse_grid
from api.cases.places import to_wgs84
from api.errors import InvalidError
from detector.photo_facts import Position, from_wgs84

SIDE = 0.002  # Degrees, about 200 m
WEST, SOUTH = 121.47, 31.23


def square(x: float, y: float, side: float = SIDE) -> list[list[float]]:
    west, south = WEST + x * SIDE, SOUTH + y * SIDE
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(code: object, geometry: object, key: str = "code", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {key: code, **properties}, "geometry": geometry}


def collection(*features: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def city(columns: int, rows: int) -> dict[str, Any]:
    cells = [(x, y) for y in range(rows) for x in range(columns)]
    return collection(
        *(feature(f"310101{i:09d}", polygon(square(x, y))) for i, (x, y) in enumerate(cells))
    )


def place(x: float, y: float) -> tuple[float, float]:
    return SOUTH + y * SIDE, WEST + x * SIDE


def kinds(geojson: object) -> list[tuple[str, str, tuple[str, ...], tuple[int, ...]]]:
    _, problems = parse_grid(geojson)
    return [(one.kind, one.level, one.codes, one.features) for one in problems]


def test_cells_hold_their_places_and_outside_is_none() -> None:
    grid, problems = parse_grid(city(10, 10))
    assert problems == ()
    assert len(grid) == 100
    assert grid.find(*place(3.5, 4.5)) == "310101000000043"
    assert grid.find(*place(-0.5, 4.5)) is None
    assert grid.find(*place(3.5, 10.5)) is None
    assert Grid.empty().find(*place(0, 0)) is None
    assert Grid.empty().cells == ()


@settings(max_examples=200)
@given(st.floats(0.001, 9.999), st.floats(0.001, 9.999))
def test_a_grid_without_holes_has_a_cell_for_every_place(x: float, y: float) -> None:
    assert CITY.find(*place(x, y)) is not None
    column, row = x % 1, y % 1
    if 1e-6 < column < 1 - 1e-6 and 1e-6 < row < 1 - 1e-6:
        assert CITY.find(*place(x, y)) == f"310101{int(y) * 10 + int(x):09d}"


CITY, _ = parse_grid(city(10, 10))


def test_on_a_border_the_first_code_counts() -> None:
    ring_b, ring_a = square(0, 0), square(1, 0)
    ring_a[0], ring_a[3], ring_a[4] = ring_b[1], ring_b[2], ring_b[1]
    grid, problems = parse_grid(
        collection(feature("B", polygon(ring_b)), feature("A", polygon(ring_a)))
    )
    assert problems == ()
    lon, lat = ring_b[1]
    assert grid.find(lat, lon) == "A"
    assert grid.find(*place(0.5, 0.5)) == "B"


def test_holes_and_several_parts() -> None:
    ring, hole = square(0, 0, 4 * SIDE), square(1, 1)
    parts = {"type": "MultiPolygon", "coordinates": [[square(10, 0)], [square(12, 0)]]}
    grid, problems = parse_grid(
        collection(feature("ring", polygon(ring, hole)), feature("parts", parts))
    )
    assert problems == ()
    assert grid.find(*place(0.5, 0.5)) == "ring"
    assert grid.find(*place(1.5, 1.5)) is None
    assert [grid.find(*place(x + 0.5, 0.5)) for x in (10, 11, 12)] == ["parts", None, "parts"]


@pytest.mark.parametrize("key", ["code", "gridcode", "BGCODE", "id", "Id", "网格编码", "编码"])
def test_where_the_code_may_stand(key: str) -> None:
    grid, problems = parse_grid(
        collection(feature(" 310101001001001 ", polygon(square(0, 0)), key))
    )
    assert problems == ()
    assert [cell.code for cell in grid.cells] == ["310101001001001"]


@pytest.mark.parametrize(
    ("code", "read"),
    [
        (310101001001001, "310101001001001"),
        (3.10101001001001e14, "310101001001001"),
        ("黄浦-1", "黄浦-1"),
    ],
)
def test_codes_of_every_kind(code: object, read: str) -> None:
    grid, _ = parse_grid(collection(feature(code, polygon(square(0, 0)))))
    assert grid.cells[0].code == read


def test_the_code_may_be_the_features_id_and_cells_have_names() -> None:
    one = feature(None, polygon(square(0, 0)), 网格名称="人民广场 3 号")
    grid, problems = parse_grid(collection({**one, "id": 7}))
    assert problems == ()
    assert [(cell.code, cell.name) for cell in grid.cells] == [("7", "人民广场 3 号")]


def test_a_code_that_stands_twice_is_not_taken() -> None:
    geojson = collection(
        feature("A", polygon(square(0, 0))),
        feature("B", polygon(square(1, 0))),
        feature("A", polygon(square(2, 0))),
    )
    grid, problems = parse_grid(geojson)
    assert [cell.code for cell in grid.cells] == ["B"]
    assert kinds(geojson) == [("duplicate", "error", ("A",), (0, 2))]
    assert "A stands in 2 features" in problems[0].message


def test_overlaps_are_told_with_both_codes_and_taken() -> None:
    geojson = collection(feature("A", polygon(square(0, 0))), feature("B", polygon(square(0.5, 0))))
    grid, problems = parse_grid(geojson)
    assert len(grid) == 2
    assert kinds(geojson) == [("overlap", "warning", ("A", "B"), (0, 1))]
    # Half a square: 111 m x 222.4 m x cos 31.23 degrees
    area = float(problems[0].message.rsplit(" ", 2)[1])
    assert area == pytest.approx(0.5 * 222.39**2 * 0.8551, rel=0.01)
    assert grid.find(*place(0.75, 0.5)) == "A"


def test_a_cell_within_another_overlaps_and_slivers_do_not() -> None:
    inside = collection(
        feature("A", polygon(square(0, 0, 4 * SIDE))), feature("B", polygon(square(1, 1)))
    )
    assert [kind for kind, *_ in kinds(inside)] == ["overlap"]
    sliver = collection(
        feature("A", polygon(square(0, 0))), feature("B", polygon(square(1 - 1e-6, 0)))
    )  # 0.2 mm x 222 m
    assert kinds(sliver) == []


BOWTIE = [[WEST, SOUTH], [WEST + 1, SOUTH + 1], [WEST + 1, SOUTH], [WEST, SOUTH + 1], [WEST, SOUTH]]
WRONG: list[tuple[object, str]] = [
    (feature(None, polygon(square(0, 0))), "missing_code"),
    (feature("  ", polygon(square(0, 0))), "missing_code"),
    (feature(True, polygon(square(0, 0))), "bad_code"),
    (feature("x" * 65, polygon(square(0, 0))), "bad_code"),
    (feature("a\x00b", polygon(square(0, 0))), "bad_code"),
    (feature(["A"], polygon(square(0, 0))), "bad_code"),
    (feature("A", None), "not_polygon"),
    (feature("A", {"type": "Point", "coordinates": [WEST, SOUTH]}), "not_polygon"),
    ("A", "not_polygon"),
    (feature("A", polygon(BOWTIE)), "invalid"),
    (feature("A", polygon([[WEST, SOUTH]] * 4)), "invalid"),
    (feature("A", polygon(square(0, 0)[:-1])), "invalid"),
    (feature("A", polygon(square(0, 0), square(5, 5))), "invalid"),  # Its hole lies outside
    (feature("A", {"type": "Polygon", "coordinates": []}), "invalid"),
    (feature("A", {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]}), "invalid"),
    (feature("A", {"type": "MultiPolygon", "coordinates": [[]]}), "invalid"),
    (feature("A", {"type": "Polygon"}), "invalid"),
    (feature("A", polygon([[x[1], x[0]] for x in square(0, 0)])), "out_of_range"),  # Swapped
    (feature("A", polygon([[float("nan"), 1]] * 4)), "out_of_range"),
    (feature("A", polygon([[10**400, 1]] * 4)), "out_of_range"),
    (feature("A", polygon([[3470000.0, 40500000.0]] * 4)), "out_of_range"),  # Metres
]


@pytest.mark.parametrize(("wrong", "kind"), WRONG)
def test_what_is_wrong_is_told_and_the_rest_taken(wrong: object, kind: str) -> None:
    grid, problems = parse_grid(collection(feature("Z", polygon(square(9, 9))), wrong))
    assert [cell.code for cell in grid.cells] == ["Z"]
    assert [(one.kind, one.level, one.features) for one in problems] == [(kind, "error", (1,))]
    assert problems[0].message.startswith("Feature 2 ")  # As people count


@pytest.mark.parametrize(
    "geojson", [None, [], {}, {"type": "Feature"}, {"type": "FeatureCollection"}, collection()]
)
def test_what_is_no_collection_is_refused(geojson: object) -> None:
    with pytest.raises(InvalidError):
        parse_grid(geojson)


def test_coordinate_systems() -> None:
    content = city(1, 1)
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490", "EPSG:4326"):
        grid, _ = parse_grid({**content, "crs": {"type": "name", "properties": {"name": name}}})
        assert len(grid) == 1
    with pytest.raises(InvalidError, match="EPSG::4547"):
        parse_grid(
            {
                **content,
                "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
            }
        )


def test_a_grid_drawn_on_a_shifted_map() -> None:
    ring = [from_wgs84(Position(lat, lon), "gcj02") for lon, lat in square(0, 0)]
    shifted = collection(feature("A", polygon([[one.lon, one.lat] for one in ring])))
    grid, problems = parse_grid(shifted, datum="gcj02")
    assert problems == ()
    assert grid.find(*place(0.02, 0.02)) == "A"
    assert grid.find(*place(0.98, 0.98)) == "A"
    wrong, _ = parse_grid(shifted)
    assert wrong.find(*place(0.02, 0.02)) is None  # Some 500 m off
    assert to_wgs84(ring[0].lat, ring[0].lon, "gcj02").lat == pytest.approx(SOUTH, abs=1e-6)


def test_stored_cells_make_the_same_grid() -> None:
    rows = [
        GridCell(cell.code, cell.name, json.loads(json.dumps(cell.geometry))) for cell in CITY.cells
    ]
    again = Grid.from_rows(reversed(rows))
    assert again.cells == CITY.cells
    assert again.find(*place(3.5, 4.5)) == CITY.find(*place(3.5, 4.5))


def test_a_damaged_stored_cell_is_an_error_not_a_hole_in_the_grid() -> None:
    with pytest.raises(InvalidError, match="damaged"):
        Grid.from_rows([GridCell("A", None, {"type": "Polygon", "coordinates": [[]]})])


def test_twenty_thousand_cells_are_read_in_seconds() -> None:
    content = city(200, 100)
    begun = time.perf_counter()
    grid, problems = parse_grid(content)
    took_s = time.perf_counter() - begun
    assert (len(grid), problems) == (20_000, ())
    assert took_s < 20  # Under 3 s on an idle core; this catches what grows with the square
