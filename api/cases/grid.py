"""The unit grid (单元网格): which cell holds a place; cells from GeoJSON, with what is wrong."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from api.cases.geojson import FeatureError, FeatureErrorKind, read_feature, read_polygons
from api.errors import InvalidError
from detector.photo_facts import Datum

METRES_A_DEGREE = 111_195.0
"""Of latitude, on the sphere of api.cases.places."""
LEAST_OVERLAP_M2 = 1.0
"""Neighbours drawn by hand or rounded to centimetres overlap by slivers: that is no finding."""

ProblemKind = Literal[FeatureErrorKind, "duplicate", "overlap"]


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell, as it is stored."""

    code: str
    """Unique; any text: cities number their cells in different ways."""
    name: str | None
    geometry: Mapping[str, Any]
    """GeoJSON Polygon or MultiPolygon, WGS-84."""


@dataclass(frozen=True, slots=True)
class GridProblem:
    """Something wrong in a file of cells."""

    kind: ProblemKind
    level: Literal["error", "warning"]
    """error: the cells named are not taken; warning: they are."""
    codes: tuple[str, ...]
    """Of the cells; empty where the code is what is missing."""
    features: tuple[int, ...]
    """Positions of the features in the file, from 0."""
    message: str


class Grid:
    """Cells that can be asked which of them holds a place. Immutable; threads may share it."""

    __slots__ = ("_cells", "_tree")

    def __init__(self, cells: Iterable[tuple[GridCell, BaseGeometry]]) -> None:
        """Take cells with their geometries; `parse_grid` and `from_rows` make them."""
        ordered = sorted(cells, key=lambda one: one[0].code)
        self._cells = tuple(cell for cell, _ in ordered)
        self._tree = STRtree([shape for _, shape in ordered])

    @classmethod
    def empty(cls) -> "Grid":
        """Return a grid without cells: every place lies outside."""
        return cls(())

    @classmethod
    def from_rows(cls, rows: Iterable[GridCell]) -> "Grid":
        """Build the grid from stored cells, as `cells` gave them.

        Raises:
            InvalidError: A geometry is not one; what `parse_grid` took always is.
        """
        try:
            return cls([(row, read_polygons(row.geometry, "wgs84")) for row in rows])
        except FeatureError as error:
            raise InvalidError(
                "grid_damaged", f"A stored grid cell is damaged: {error}.", "Import the grid again."
            ) from error

    @property
    def cells(self) -> tuple[GridCell, ...]:
        """The cells, in order of their codes."""
        return self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def find(self, lat: float, lon: float) -> str | None:
        """Return the code of the cell that holds a WGS-84 place.

        On a border, or where cells overlap, it is the first code in order; None: outside all.
        """
        hits = self._tree.query(Point(lon, lat), predicate="intersects")
        return self._cells[int(hits.min())].code if len(hits) else None


def parse_grid(geojson: object, *, datum: Datum = "wgs84") -> tuple[Grid, tuple[GridProblem, ...]]:
    """Parse cells from GeoJSON.

    A cell's code is the first of the properties code, gridcode, grid_code, bgcode, id, 网格编码,
    编码, in any case of letters, else the feature's id; its name is the first of name, gridname,
    grid_name, bgname, 网格名称, 名称.

    Args:
        geojson: A FeatureCollection of Polygon or MultiPolygon, as `json.loads` gives it.
        datum: Of its positions; cells are kept in WGS-84.

    Returns:
        The grid of the cells that are sound, and what is wrong, in order of the features. Cells
        that are no polygons, or whose code is missing or stands there twice, are not taken (of
        two with one code, none: which one is meant is not ours to guess). Cells that overlap are.

    Raises:
        InvalidError: It is no FeatureCollection, or one in a coordinate system that is not
            longitude and latitude.
    """
    features = _read_collection(geojson)
    problems: list[GridProblem] = []
    by_code: defaultdict[str, list[tuple[int, GridCell, BaseGeometry]]] = defaultdict(list)
    for index, feature in enumerate(features):
        try:
            code, name, shape = read_feature(feature, datum)
        except FeatureError as error:
            codes = (error.grid_code,) if error.grid_code is not None else ()
            message = f"Feature {index + 1}{f' ({error.grid_code})' if codes else ''} {error}."
            problems.append(GridProblem(error.kind, "error", codes, (index,), message))
            continue
        cell = GridCell(code, name, _export(shape))
        by_code[code].append((index, cell, shape))
    sound = [group[0] for group in by_code.values() if len(group) == 1]
    problems += [_report_duplicate(code, group) for code, group in by_code.items() if group[1:]]
    problems += _find_overlaps(sound)
    problems.sort(key=lambda problem: problem.features)
    return Grid((cell, shape) for _, cell, shape in sound), tuple(problems)


def _export(shape: BaseGeometry) -> dict[str, Any]:
    content: dict[str, Any] = shapely.geometry.mapping(shape)
    # Lists instead of tuples: equal to what comes back from a JSON column.
    return {"type": content["type"], "coordinates": _as_lists(content["coordinates"])}


def _as_lists(value: Any) -> Any:
    return [_as_lists(one) for one in value] if isinstance(value, tuple) else value


def _read_collection(geojson: object) -> Sequence[object]:
    if not isinstance(geojson, Mapping) or geojson.get("type") != "FeatureCollection":
        raise InvalidError(
            "grid_invalid",
            "This is no GeoJSON FeatureCollection.",
            "Export the grid as a GeoJSON FeatureCollection of polygons.",
        )
    features = geojson.get("features")
    if not isinstance(features, list) or not features:
        raise InvalidError(
            "grid_invalid", "The FeatureCollection holds no list of features.", "Export it again."
        )
    _check_crs(geojson.get("crs"))
    return features


def _check_crs(crs: object) -> None:
    """Take the systems that are WGS-84 to within a metre: CRS84, EPSG 4326, CGCS2000."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    ending = str(name).replace("::", ":").rsplit(":", 1)[-1]
    if ending.upper() not in ("CRS84", "4326", "4490"):
        raise InvalidError(
            "grid_crs",
            f"The grid is in the coordinate system {name}.",
            "Export it in WGS-84 (EPSG:4326) or CGCS2000 (EPSG:4490) degrees.",
        )


def _report_duplicate(
    code: str, group: Sequence[tuple[int, GridCell, BaseGeometry]]
) -> GridProblem:
    indices = tuple(index for index, _, _ in group)
    message = f"The code {code} stands in {len(group)} features; none of them is taken."
    return GridProblem("duplicate", "error", (code,), indices, message)


def _find_overlaps(cells: Sequence[tuple[int, GridCell, BaseGeometry]]) -> list[GridProblem]:
    if not cells:
        return []
    shapes = np.array([shape for _, _, shape in cells], dtype=object)
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    first, second = first[first < second], second[first < second]
    # Neighbours touch in a line or a corner; only what shares an inside is worth cutting.
    touching = shapely.touches(shapes[first], shapes[second])
    first, second = first[~touching], second[~touching]
    common = shapely.intersection(shapes[first], shapes[second])
    lat = np.radians(shapely.get_y(shapely.centroid(shapes[first])))
    areas_m2 = shapely.area(common) * METRES_A_DEGREE**2 * np.cos(lat)
    problems = []
    for i in np.flatnonzero(areas_m2 > LEAST_OVERLAP_M2):
        (index_a, a, _), (index_b, b, _) = cells[int(first[i])], cells[int(second[i])]
        message = f"The cells {a.code} and {b.code} overlap in {areas_m2[i]:.0f} m2."
        indices = (index_a, index_b)
        problems.append(GridProblem("overlap", "warning", (a.code, b.code), indices, message))
    return problems
