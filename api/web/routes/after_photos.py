"""After-photos: handing in; the page then compares, and says what the closing check found."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from api.casework.closing_check import AfterPhoto, check_after_photo
from api.errors import BusyError
from api.http.deps import get_services
from api.http.forms import PlaceForm
from api.http.uploads import read_upload
from api.schemas.types import IdPath
from api.services import Services
from api.web.pages import show_in
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/cases", include_in_schema=False)

OUTCOMES = {
    "resolved": ("已处置", "resolved"),
    "not_resolved": ("未处置", "not resolved"),
    "unsure": ("不能确定", "unsure"),
}


@router.post("/{case_id}/after-photo", status_code=201)
async def hand_in(
    request: Request,
    case_id: IdPath,
    services: Annotated[Services, Depends(get_services)],
    visitor: Annotated[Visitor, Depends(visit("handle"))],
) -> dict[str, Any]:
    """Score and compare it; the case does not move: a person decides."""
    if not services.pool.has_room():
        raise BusyError("pool_full", "Every worker is busy.", retry_after_s=2)
    upload = await read_upload(request, PlaceForm)
    place = upload.form
    after = AfterPhoto(upload.photo.data, place.lat, place.lng, place.datum)
    check = await run_in_threadpool(check_after_photo, services, visitor.principal, case_id, after)
    showing = show_in(request)
    field = showing.choose("message_zh", "message")
    return {
        "id": check.id,
        "outcome": check.outcome,
        "message": showing.choose("核查建议：", "The check says: ")
        + showing.choose(*OUTCOMES[check.outcome]),
        "reasons": [reason[field] for reason in check.reasons],
    }
