"""The ledger of cases: look, move, correct, merge, split, check after-photos."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from api.casework.closing_check import AfterPhoto, check_after_photo
from api.casework.moving import Correction, MoveOrder, correct_case, find_case, move_case
from api.casework.regrouping import merge_case, split_case
from api.errors import BusyError, InvalidError
from api.http.deps import get_services, require
from api.http.forms import PlaceForm
from api.http.problems import problem_responses
from api.http.uploads import read_upload, upload_body
from api.principal import Principal
from api.schemas.cases import (
    CaseAnswer,
    CaseDetailAnswer,
    CaseQuery,
    ClosingCheckAnswer,
    CorrectionBody,
    EventAnswer,
    MergeBody,
    MoveBody,
    SplitBody,
    show_case,
    show_check,
    show_detail,
    show_event,
)
from api.schemas.types import (
    IdPath,
    Page,
    decode_cursor,
    encode_cursor,
)
from api.services import Services
from api.store.case_list import CaseFilter, CaseOrder, list_cases, place_in
from api.store.case_reports import read_reports
from api.store.cases import list_events
from api.store.closing_checks import list_checks

MOST_REPORTS: Final = 200

router = APIRouter(prefix="/v1/cases", tags=["cases"])

Reader = Annotated[Principal, Depends(require("read"))]
Judge = Annotated[Principal, Depends(require("judge"))]
Handler = Annotated[Principal, Depends(require("handle"))]
Service = Annotated[Services, Depends(get_services)]


@router.get(
    "",
    operation_id="list_cases",
    summary="List cases",
    responses=problem_responses(401, 403, 422, 429, 503),
)
def list_ledger(
    services: Service, principal: Reader, query: Annotated[CaseQuery, Query()]
) -> Page[CaseAnswer]:
    """The cases within the key's grid cells, page by page."""
    wanted = CaseFilter(
        states=query.state,
        labels=query.label,
        unlabelled=query.unlabelled,
        grid_prefix=query.grid,
        opened_from=query.opened_from,
        opened_before=query.opened_before,
        ended=query.ended,
        overdue_at=services.clock() if query.overdue else None,
        number=query.number,
        grids=principal.grids,
    )
    order, limit = query.order, query.limit
    after = None if query.cursor is None else _parse_place(query.cursor, order)
    with services.database.read() as connection:
        found = list_cases(connection, wanted, order, after=after, limit=limit + 1)
    page = found[:limit]
    following = None
    if len(found) > limit:
        following = encode_cursor([_flat(part) for part in place_in(page[-1], order)])
    return Page(items=tuple(show_case(case) for case in page), next=following)


@router.get(
    "/{case_id}",
    operation_id="get_case",
    summary="Look at a case",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def read_case(services: Service, principal: Reader, case_id: IdPath) -> CaseDetailAnswer:
    """A case with its closing checks and its first reports, at most 200."""
    with services.database.read() as connection:
        case = find_case(connection, principal, case_id)
        pairs = read_reports(connection, case.id, MOST_REPORTS)
        return show_detail(case, pairs, list_checks(connection, case.id))


@router.get(
    "/{case_id}/history",
    operation_id="get_case_history",
    summary="Who did what with a case, when and why",
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
def read_history(services: Service, principal: Reader, case_id: IdPath) -> tuple[EventAnswer, ...]:
    """The whole history, oldest first."""
    with services.database.read() as connection:
        case = find_case(connection, principal, case_id)
        return tuple(show_event(event) for event in list_events(connection, case.id))


@router.post(
    "/{case_id}/moves",
    operation_id="move_case",
    summary="Move a case through its life cycle",
    responses=problem_responses(401, 403, 404, 409, 422, 429, 503),
)
def make_a_move(
    services: Service, principal: Reader, case_id: IdPath, body: MoveBody
) -> CaseAnswer:
    """Make one of the moves that `moves` of the case lists.

    `handle` and `report_back` take the right to handle, the others the right to judge.
    """
    details: dict[str, Any] = {}
    if body.unit is not None:
        details["unit"] = body.unit
    if body.rating is not None:
        details["rating"] = body.rating
    order = MoveOrder(body.move, body.reason, body.version, details)
    return show_case(move_case(services, principal, case_id, order))


@router.patch(
    "/{case_id}",
    operation_id="correct_case",
    summary="Correct what a case says of itself",
    responses=problem_responses(401, 403, 404, 409, 422, 429, 503),
)
def correct(
    services: Service, principal: Judge, case_id: IdPath, body: CorrectionBody
) -> CaseAnswer:
    """Set the label, the position or the address; the state stays."""
    if (body.lat is None) != (body.lng is None):
        raise InvalidError("position_incomplete", "A position has lat and lng.", "Send both.")
    correction = Correction(
        label=body.label,
        lat=body.lat,
        lon=body.lng,
        datum=body.datum,
        address=body.address,
        reason=body.reason,
        version=body.version,
    )
    return show_case(correct_case(services, principal, case_id, correction))


@router.post(
    "/{case_id}/merge",
    operation_id="merge_case",
    summary="Merge a case into another",
    responses=problem_responses(401, 403, 404, 409, 422, 429, 503),
)
def merge(services: Service, principal: Judge, case_id: IdPath, body: MergeBody) -> CaseAnswer:
    """Its reports speak for the other from now on; answers with the case that goes on."""
    return show_case(
        merge_case(
            services, principal, case_id, body.into, reason=body.reason, version=body.version
        )
    )


@router.post(
    "/{case_id}/split",
    operation_id="split_case",
    summary="Split reports off into a case of their own",
    responses=problem_responses(401, 403, 404, 409, 422, 429, 503),
)
def split(services: Service, principal: Judge, case_id: IdPath, body: SplitBody) -> CaseAnswer:
    """Answers with the new case, which is collected."""
    return show_case(
        split_case(
            services, principal, case_id, body.reports, reason=body.reason, version=body.version
        )
    )


@router.post(
    "/{case_id}/after-photo",
    operation_id="check_after_photo",
    summary="Hand in an after-photo",
    status_code=201,
    responses=problem_responses(401, 403, 404, 408, 409, 413, 415, 422, 429, 503, 507),
    openapi_extra=upload_body(PlaceForm),
)
async def hand_in_after_photo(
    request: Request, services: Service, principal: Handler, case_id: IdPath
) -> ClosingCheckAnswer:
    """It is scored and compared with the before-photo; a person decides on what comes of it."""
    if not services.pool.has_room():
        raise BusyError("pool_full", "Every worker is busy.", retry_after_s=2)
    upload = await read_upload(request, PlaceForm)
    place = upload.form
    after = AfterPhoto(upload.photo.data, place.lat, place.lng, place.datum)
    check = await run_in_threadpool(check_after_photo, services, principal, case_id, after)
    return show_check(check)


_PLACES: Final[Mapping[CaseOrder, tuple[type, ...]]] = {
    "newest": (str, str),
    "oldest": (str, str),
    "priority": (int, str, str),
    "due": (str, str),
}
"""Kinds of what a page token holds: times as text, then the id."""


def _parse_place(cursor: str, order: CaseOrder) -> tuple[Any, ...]:
    *before, at, case_id = decode_cursor(cursor, _PLACES[order])
    try:
        instant = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "bad_cursor", "This page token is not one of this list.", "Begin without `cursor`."
        ) from error
    return (*before, instant, case_id)


def _flat(part: Any) -> str | int:
    return part.isoformat() if isinstance(part, datetime) else part
