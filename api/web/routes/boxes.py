"""Boxes of a case's photos, as a person corrects them; originals for who gives a reason."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import Field, StringConstraints

from api.casework.moving import find_case
from api.casework.verdicts import AddedBox, FindingWord, NewVerdict, judge_photo
from api.errors import NotFoundError
from api.http.deps import get_services
from api.photos.originals import LEAST_REASON, MOST_REASON
from api.routes.feedback import MOST_BOXES, AddedBoxBody, JudgedFindingBody
from api.routes.photos import PhotoPath, get_original
from api.schemas.types import Body, IdPath, Label
from api.services import Services
from api.store.closing_checks import checked_photos
from api.store.verdicts import Verdict, has_photo
from api.web.forms import PageForm
from api.web.pages import show_in
from api.web.shown import Showing
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/cases", include_in_schema=False)

Service = Annotated[Services, Depends(get_services)]


class PageVerdict(Body):
    """What is said of the photo that the address names; as the API's body."""

    findings: tuple[JudgedFindingBody, ...] = Field((), max_length=MOST_BOXES)
    added: tuple[AddedBoxBody, ...] = Field((), max_length=MOST_BOXES)
    reviewed: tuple[Label, ...] = Field((), max_length=50)


class OriginalForm(PageForm):
    """Why somebody needs a photo unblurred."""

    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True,
            min_length=LEAST_REASON,
            max_length=MOST_REASON,
            pattern=r"^[^\x00-\x1f\x7f]*$",
        ),
    ]


@router.post("/{case_id}/photos/{sha256}/verdict", status_code=201)
def save_verdict(
    request: Request,
    case_id: IdPath,
    sha256: PhotoPath,
    body: PageVerdict,
    services: Service,
    visitor: Annotated[Visitor, Depends(visit("judge"))],
) -> dict[str, Any]:
    """Keep what was said, and answer with it in words."""
    new = NewVerdict(
        photo_sha256=sha256,
        findings=tuple(
            FindingWord(one.finding_id, one.verdict, one.right_label, one.right_box_xyxy)
            for one in body.findings
        ),
        added=tuple(AddedBox(one.label, one.box_xyxy) for one in body.added),
        reviewed=body.reviewed,
    )
    verdict = judge_photo(services, visitor.principal, case_id, new)
    showing = show_in(request)
    words = _sum_up(verdict, showing)
    return {
        "id": verdict.id,
        "message": showing.choose(f"已保存：{words}。", f"Saved: {words}."),
        "line": f"{visitor.principal.name} · {showing.local_time(verdict.at)} · {words}",
    }


@router.post("/{case_id}/photos/{sha256}/original")
def download_original(
    case_id: IdPath,
    sha256: PhotoPath,
    form: Annotated[OriginalForm, Form()],
    services: Service,
    visitor: Annotated[Visitor, Depends(visit("read"))],
) -> Response:
    """Answer with a photo of the case as it came in; who took it, and why, is on record first."""
    with services.database.read() as connection:
        case = find_case(connection, visitor.principal, case_id)
        belongs = has_photo(connection, case.id, sha256)
        if not belongs and sha256 not in checked_photos(connection, case.id):
            raise NotFoundError("photo of this case", sha256)
    return get_original(sha256, form.reason, services, visitor.principal)


def _sum_up(verdict: Verdict, showing: Showing) -> str:
    said = [one["verdict"] for one in verdict.body["findings"]]
    counts = (
        (said.count("true"), "个正确", "right"),
        (said.count("false"), "个不对", "wrong"),
        (said.count("wrong_label"), "个类别有误", "of another label"),
        (said.count("moved"), "个位置有误", "moved"),
        (len(verdict.body["added"]), "个新增", "added"),
    )
    parts = [showing.choose(f"{n} {zh}", f"{n} {en}") for n, zh, en in counts if n]
    if not parts:
        return showing.choose("照片中没有问题", "nothing is in the photo")
    return showing.choose("，", ", ").join(parts)
