"""Routes: public toilets (公厕查询), for everybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.cases.places import to_wgs84
from api.http.deps import get_services, key_or_none
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.types import Answer, Datum, Latitude, Longitude
from api.services import Services
from api.toilets.nearest import NearToilet, find_near_toilets
from api.toilets.toilet import Wheelchair
from detector.photo_facts import Position, from_wgs84

router = APIRouter(tags=["toilets"])


class ToiletAnswer(Answer):
    """A public toilet."""

    id: str
    name: str = Field(examples=["人民公园东门公共厕所"])
    lat: float = Field(description="Degrees, in the datum asked for.", examples=[31.2304])
    lng: float = Field(description="Degrees, in the datum asked for.", examples=[121.4737])
    distance_m: float = Field(description="In a straight line.", examples=[184.2])
    address: str | None = Field(examples=["南京西路 231 号"])
    opening_hours: str | None = Field(
        description="OpenStreetMap's opening_hours syntax, or plain words; null: unknown.",
        examples=["06:00-22:00"],
    )
    wheelchair: Wheelchair | None = Field(description="null: unknown.")
    fee: bool | None = Field(description="null: unknown.")


class ToiletsAnswer(Answer):
    """Toilets near a place."""

    datum: Datum
    items: tuple[ToiletAnswer, ...] = Field(description="Nearest first.")


@router.get(
    "/v1/toilets",
    operation_id="list_toilets",
    summary="Find public toilets near a place (公厕查询)",
    responses=problem_responses(401, 422, 429, 503),
    openapi_extra={"security": [{}]},  # No key is as good as one.
)
def list_toilets(
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal | None, Depends(key_or_none)],
    lat: Annotated[Latitude, Query(examples=[31.2304])],
    lng: Annotated[Longitude, Query(examples=[121.4737])],
    *,
    datum: Annotated[
        Datum, Query(description="Of the position, and of the answer: a map shows it unchanged.")
    ] = "wgs84",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    radius: Annotated[float, Query(gt=0, le=50_000, description="Metres.")] = 5_000,
) -> ToiletsAnswer:
    """Return the nearest public toilets, with what is known of hours and accessibility."""
    del principal  # Anybody may ask; whoever shows a key is counted under it.
    place = to_wgs84(lat, lng, datum)
    with services.database.read() as connection:
        near = find_near_toilets(connection, place.lat, place.lon, radius_m=radius, limit=limit)
    return ToiletsAnswer(datum=datum, items=tuple(_show(one, datum) for one in near))


def _show(near: NearToilet, datum: Datum) -> ToiletAnswer:
    toilet = near.toilet
    place = from_wgs84(Position(toilet.lat, toilet.lon), datum)
    return ToiletAnswer(
        id=toilet.id,
        name=toilet.name,
        lat=round(place.lat, 7),
        lng=round(place.lon, 7),
        distance_m=round(near.distance_m, 1),
        address=toilet.address,
        opening_hours=toilet.opening_hours,
        wheelchair=toilet.wheelchair,
        fee=toilet.fee,
    )
