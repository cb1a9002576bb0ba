"""Routes: incidents, as watchers tell them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api.cameras.incidents import RecordedIncident, record_incident, see_cases, see_incident
from api.cameras.news_bodies import describe_news, read_news
from api.cameras.watching import find_cameras, see_camera
from api.errors import InvalidError
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.cameras import (
    CameraCode,
    IncidentAnswer,
    IncidentBody,
    IncidentId,
    RecordedAnswer,
    make_news,
    show_incident,
)
from api.schemas.types import (
    Cursor,
    Id,
    Label,
    Page,
    PageSize,
    UtcDatetime,
    decode_cursor,
    encode_cursor,
)
from api.services import Services
from api.store.incidents import IncidentFilter, IncidentState, list_incidents
from api.store.service_requests import find_cases_of

router = APIRouter(prefix="/v1/incidents", tags=["cameras"])

GivenServices = Annotated[Services, Depends(get_services)]
Viewer = Annotated[Principal, Depends(require("read"))]
Watcher = Annotated[Principal, Depends(require("incident"))]


@router.post(
    "",
    operation_id="record_incident",
    summary="Tell of an incident",
    responses=problem_responses(401, 403, 404, 408, 409, 413, 415, 422, 429, 503, 507),
    openapi_extra=describe_news(IncidentBody),
)
async def post_incident(
    request: Request, services: GivenServices, principal: Watcher
) -> RecordedAnswer:
    """Opens, updates or clears it; the first news of an incident open or join a case.

    As JSON, or as a form with the frame of the peak as `photo`. Send news again until they are
    answered: the same news twice are harmless. A cleared incident does not close its case: a
    person does, after the closing check.
    """
    news = await read_news(request, IncidentBody)
    recorded = await run_in_threadpool(
        record_incident, services, principal, make_news(news.fields), news.photo
    )
    return RecordedAnswer(**show_incident(recorded), applied=recorded.applied)


@router.get(
    "",
    operation_id="list_incidents",
    summary="List incidents",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def show_incidents(  # noqa: PLR0913 - one for each filter
    services: GivenServices,
    principal: Viewer,
    *,
    camera: Annotated[CameraCode | None, Query(description="Id or code.")] = None,
    label: Label | None = None,
    state: IncidentState | None = None,
    case_id: Annotated[Id | None, Query(description="Those that speak for a case.")] = None,
    started_from: UtcDatetime | None = None,
    started_before: UtcDatetime | None = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Page[IncidentAnswer]:
    """Newest first, of the cameras within the key's grid cells."""
    wanted = IncidentFilter(
        camera_ids=_cameras_seen(services, principal, camera),
        label=label,
        state=state,
        case_id=case_id,
        started_from=started_from,
        started_before=started_before,
    )
    after = None if cursor is None else parse_place(cursor)
    with services.database.read() as connection:
        found = list_incidents(connection, wanted, after=after, limit=limit + 1)
        report_ids = [one.report_id for one in found if one.report_id is not None]
        cases = find_cases_of(connection, report_ids)
        every = sorted({one for of_one in cases.values() for one in of_one})
        seen = frozenset(see_cases(connection, principal, every))
    page = found[:limit]
    following = None
    if len(found) > limit:
        following = encode_cursor([page[-1].started_at.isoformat(), page[-1].id])
    return Page(
        items=tuple(
            IncidentAnswer(
                **show_incident(
                    RecordedIncident(
                        one,
                        applied=True,
                        case_ids=tuple(
                            case for case in cases.get(one.report_id or "", ()) if case in seen
                        ),
                    )
                )
            )
            for one in page
        ),
        next=following,
    )


@router.get(
    "/{incident_id}",
    operation_id="get_incident",
    summary="Look at an incident",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def show_one_incident(
    services: GivenServices,
    principal: Viewer,
    incident_id: Annotated[IncidentId, Path(examples=["HP-0137.20260302.7"])],
) -> IncidentAnswer:
    """With the cases that it speaks for."""
    return IncidentAnswer(**show_incident(see_incident(services, principal, incident_id)))


def _cameras_seen(
    services: Services, principal: Principal, camera: str | None
) -> tuple[str, ...] | None:
    """Return the ids of the cameras whose incidents are wanted; None: of all."""
    if camera is not None:
        with services.database.read() as connection:
            return (see_camera(services, connection, principal, camera).id,)
    if not principal.grids:
        return None
    return tuple(one.id for one in find_cameras(services, principal, retired=True))


def parse_place(cursor: str) -> tuple[datetime, str]:
    """Return the start and the id at which a page of incidents begins.

    Raises:
        InvalidError: It is no page token of this list.
    """
    at, incident_id = decode_cursor(cursor, (str, str))
    try:
        return datetime.fromisoformat(at).astimezone(UTC), incident_id
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "bad_cursor", "This page token is not one of this list.", "Begin without `cursor`."
        ) from error
