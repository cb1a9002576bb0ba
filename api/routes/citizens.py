"""Routes: what a report's sender may see and say afterwards; the follow token is the right."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.casework.following import READER, find_after_photo, find_report_photo
from api.casework.objections import object_to
from api.casework.words import say_word
from api.http.deps import get_services, limit_address
from api.http.problems import problem_responses
from api.intake.accepting import check_follow_token
from api.photos.pictures import PictureSize
from api.photos.queueing import PictureLine
from api.routes.photos import JPEG_CONTENT
from api.schemas.reports import (
    CaseNumber,
    ObjectionAnswer,
    ObjectionBody,
    WordBody,
    show_objection,
)
from api.schemas.types import IdPath
from api.services import Services

PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A JPEG without EXIF.", "content": JPEG_CONTENT}
}
# An erased photo must not come out of a browser's cache, nor one from a phone that is passed on.
CACHING: Final = "private, no-store"

Service = Annotated[Services, Depends(get_services)]
Size = Annotated[PictureSize, Query(description="Longest side: 320, 1280 or 2560 pixels.")]
FindingPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=r"^[0-9A-Za-z_-]*$",
        description="Of the report's `findings`.",
        examples=["9f86d081884c7d65-0"],
    ),
]


def open_report(
    services: Service,
    report_id: IdPath,
    x_follow_token: Annotated[
        str, Header(max_length=200, description="Secret; came with the report's answer.")
    ] = "",
) -> str:
    """Return the id of a report whose token came along."""
    check_follow_token(services, report_id, x_follow_token)
    return report_id


Opened = Annotated[str, Depends(open_report)]

router = APIRouter(prefix="/v1/reports", tags=["reports"], dependencies=[Depends(limit_address)])


@router.get(
    "/{report_id}/photo",
    operation_id="show_report_photo",
    summary="A report's own photo, faces and number plates blurred",
    response_class=Response,
    responses={**PICTURE, **problem_responses(404, 410, 422, 429, 503)},
)
async def get_report_photo(
    request: Request, services: Service, report_id: Opened, size: Size = "medium"
) -> Response:
    """Return it without boxes: they stand in the report's `findings`, in pixels of `image_wh`."""
    sha256 = await run_in_threadpool(find_report_photo, services, report_id)
    return await _answer(request, sha256, size)


@router.get(
    "/{report_id}/cases/{number}/after-photo",
    operation_id="show_after_photo",
    summary="How it looks afterwards, faces and number plates blurred",
    response_class=Response,
    responses={**PICTURE, **problem_responses(404, 410, 422, 429, 503)},
)
async def get_after_photo(
    request: Request,
    services: Service,
    report_id: Opened,
    number: Annotated[CaseNumber, Path()],
    size: Size = "medium",
) -> Response:
    """Return the newest after-photo of a case, once somebody has checked it."""
    sha256 = await run_in_threadpool(find_after_photo, services, report_id, number)
    return await _answer(request, sha256, size)


@router.put(
    "/{report_id}/findings/{finding_id}/word",
    operation_id="say_word",
    summary="Say whether a finding is right",
    status_code=204,
    responses=problem_responses(404, 410, 413, 422, 429, 503, 507),
)
def put_word(services: Service, report_id: Opened, finding_id: FindingPath, body: WordBody) -> None:
    """Keep it as a hint for those who judge; a later word takes the place of an earlier one."""
    say_word(services, report_id, finding_id, is_right=body.right)


@router.post(
    "/{report_id}/objections",
    operation_id="object_to_case",
    summary="Say that a problem is not solved",
    status_code=201,
    responses=problem_responses(404, 409, 410, 413, 422, 429, 503, 507),
)
def post_objection(services: Service, report_id: Opened, body: ObjectionBody) -> ObjectionAnswer:
    """Reopen a case that was closed, within the bureau's days; of a dismissed one it is noted.

    Once for each report and each end of a case.
    """
    return show_objection(object_to(services, report_id, body.number, body.note).outcome)


async def _answer(request: Request, sha256: str, size: PictureSize) -> Response:
    line: PictureLine = request.app.state.picture_line
    picture = await line.wait_for(READER, sha256, size, draw=False)
    return Response(
        picture,
        media_type="image/jpeg",
        headers={"Cache-Control": CACHING, "X-Content-Type-Options": "nosniff"},
    )
