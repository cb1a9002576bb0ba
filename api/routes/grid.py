"""Routes: the bureau's unit grid (单元网格)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.cameras.news_bodies import read_json
from api.cases.grid import GridCell
from api.cases.places import to_wgs84
from api.grid_cells import import_grid
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.types import Answer, Datum, Latitude, Longitude
from api.services import Services
from api.store.grid import get_cell, list_cells

router = APIRouter(prefix="/v1/grid", tags=["grid"])

GivenServices = Annotated[Services, Depends(get_services)]
Viewer = Annotated[Principal, Depends(require("read"))]
Administrator = Annotated[Principal, Depends(require("manage"))]


class CellProperties(Answer):
    """What a cell is called."""

    code: str = Field(examples=["310101001001"])
    name: str | None


class CellFeature(Answer):
    """A cell."""

    type: Literal["Feature"] = "Feature"
    id: str
    properties: CellProperties
    geometry: dict[str, Any]


class CellCollection(Answer):
    """Cells as GeoJSON, WGS-84."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: tuple[CellFeature, ...]


class CellFound(Answer):
    """The cell of a place."""

    code: str | None = Field(description="null: outside every cell.", examples=["310101001001"])
    name: str | None


class ProblemAnswer(Answer):
    """Something wrong in the file."""

    kind: str = Field(examples=["duplicate"])
    level: Literal["error", "warning"] = Field(
        description="error: the cells named were left out; warning: they were taken."
    )
    codes: tuple[str, ...]
    features: tuple[int, ...] = Field(description="Places in the file, from 0.")
    message: str


class ImportAnswer(Answer):
    """What an import did."""

    cells: int = Field(description="Taken in.")
    version: int = Field(description="Grows with each import.")
    reassigned: int = Field(description="Open cases that were given another cell.")
    problems: tuple[ProblemAnswer, ...]


@router.get(
    "",
    operation_id="list_grid_cells",
    summary="The cells as GeoJSON",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def list_grid_cells(services: GivenServices, principal: Viewer) -> CellCollection:
    """Those that the key sees, in the order of their codes."""
    with services.database.read() as connection:
        cells = list_cells(connection)
    return CellCollection(features=tuple(_show(one) for one in cells if principal.sees(one.code)))


@router.get(
    "/find",
    operation_id="find_grid_cell",
    summary="The cell of a place",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def find_grid_cell(
    services: GivenServices,
    principal: Viewer,
    lat: Annotated[Latitude, Query(examples=[31.2304])],
    lng: Annotated[Longitude, Query(examples=[121.4737])],
    *,
    datum: Datum = "wgs84",
) -> CellFound:
    """On a border it is the first code in order."""
    del principal  # The map of cells is no secret among those who work with it.
    place = to_wgs84(lat, lng, datum)
    code = services.grid.find(place.lat, place.lon)
    if code is None:
        return CellFound(code=None, name=None)
    with services.database.read() as connection:
        cell = get_cell(connection, code)
    return CellFound(code=code, name=None if cell is None else cell.name)


@router.post(
    "",
    operation_id="import_grid",
    summary="Replace all cells",
    responses=problem_responses(401, 403, 408, 413, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["type", "features"],
                        "properties": {
                            "type": {"const": "FeatureCollection"},
                            "features": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "object"},
                            },
                        },
                    },
                    "example": {
                        "type": "FeatureCollection",
                        "features": [
                            {
                                "type": "Feature",
                                "properties": {"code": "310101001001", "name": "外滩一格"},
                                "geometry": {
                                    "type": "Polygon",
                                    "coordinates": [
                                        [
                                            [121.47, 31.23],
                                            [121.48, 31.23],
                                            [121.48, 31.24],
                                            [121.47, 31.23],
                                        ]
                                    ],
                                },
                            }
                        ],
                    },
                }
            },
        }
    },
)
async def replace_grid(
    request: Request,
    services: GivenServices,
    principal: Administrator,
    *,
    datum: Datum = "wgs84",
    reassign: Annotated[
        bool, Query(description="Give open cases the cell that they lie in now.")
    ] = False,
) -> ImportAnswer:
    """Send a GeoJSON FeatureCollection of polygons with a `code` each; all or nothing.

    A key that is limited to grid cells may not: it would choose itself what it sees.
    """
    principal.check_everywhere()
    content = await read_json(request, services.settings.max_upload_mib * 2**20)
    done = await run_in_threadpool(
        import_grid, services, content, actor=principal.actor, datum=datum, reassign=reassign
    )
    problems = tuple(
        ProblemAnswer(
            kind=one.kind,
            level=one.level,
            codes=one.codes,
            features=one.features,
            message=one.message,
        )
        for one in done.problems
    )
    return ImportAnswer(
        cells=done.cells, version=done.version, reassigned=done.reassigned, problems=problems
    )


def _show(cell: GridCell) -> CellFeature:
    return CellFeature(
        id=cell.code,
        properties=CellProperties(code=cell.code, name=cell.name),
        geometry=dict(cell.geometry),
    )
