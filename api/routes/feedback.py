"""Routes: what people say of the model's findings, and its export."""

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.casework.feedback import read_page, stream_lines
from api.casework.line_pages import LinePage
from api.casework.verdicts import AddedBox, FindingWord, NewVerdict, ReviewerRole, judge_photo
from api.casework.words import read_words, stream_words
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.principal import Principal
from api.schemas.types import (
    Answer,
    Body,
    Cursor,
    Id,
    IdPath,
    Label,
    Sha256,
    ShortText,
    UtcDatetime,
)
from api.services import Services
from api.store.verdicts import Verdict
from datasets.feedback import Verdict as Word

router = APIRouter(prefix="/v1", tags=["feedback"])

LINES_TYPE: Final = "application/x-ndjson"
_NEXT_CURSOR: Final = {
    "Next-Cursor": {
        "description": "With `limit`: send it as `cursor` for the next lines.",
        "schema": {"type": "string"},
    }
}
MOST_BOXES: Final = 300
"""The model gives no more in one photo; nobody draws more."""

Edge = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]
BoxXyxy = Annotated[
    tuple[Edge, Edge, Edge, Edge],
    Field(
        description="Left, top, right, bottom in pixels of the full-size upright photo.",
        examples=[[120.0, 80.5, 340.0, 260.0]],
    ),
]


class JudgedFindingBody(Body):
    """What is said of one finding."""

    finding_id: ShortText = Field(examples=["9f86d081884c7d65-0"])
    verdict: Word = Field(description="moved: right label, but the box lies elsewhere.")
    right_label: Label | None = Field(None, description="Only and always with wrong_label.")
    right_box_xyxy: BoxXyxy | None = Field(
        None, description="Always with moved, maybe with wrong_label."
    )


class AddedBoxBody(Body):
    """Something that no finding showed."""

    label: Label
    box_xyxy: BoxXyxy


class VerdictBody(Body):
    """What is said of one photo of a case."""

    photo_sha256: Sha256
    findings: tuple[JudgedFindingBody, ...] = Field((), max_length=MOST_BOXES)
    added: tuple[AddedBoxBody, ...] = Field((), max_length=MOST_BOXES)
    reviewed: tuple[Label, ...] = Field(
        (),
        max_length=50,
        description="Labels of which every object in the photo has its box now. A photo with "
        "nothing in it lists all labels that were looked for.",
    )
    reviewer_role: ReviewerRole = "operator"


class VerdictAnswer(Answer):
    """A verdict that was kept."""

    id: Id
    case_id: Id
    photo_sha256: Sha256
    reviewed_at: UtcDatetime
    reviewer_role: ReviewerRole


@router.post(
    "/cases/{case_id}/verdict",
    operation_id="give_verdict",
    summary="Say which findings in a photo are right",
    status_code=201,
    response_model=VerdictAnswer,
    responses=problem_responses(401, 403, 404, 413, 422, 429, 503, 507),
)
def give_verdict(
    case_id: IdPath,
    body: VerdictBody,
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("judge"))],
) -> Any:
    """Keep it. The newest one of a photo in a case is exported; earlier ones stay on record."""
    verdict = judge_photo(services, principal, case_id, _read_body(body))
    return _answer(verdict)


@router.get(
    "/feedback/export",
    operation_id="export_feedback",
    summary="Verdicts as JSON Lines",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Lines of datasets/feedback.schema.json, as "
            "`street-issues-data import-feedback` reads them. They name no person.",
            "content": {LINES_TYPE: {"schema": {"type": "string"}}},
            "headers": _NEXT_CURSOR,
        },
        **problem_responses(401, 403, 422, 429, 503),
    },
)
def export_feedback(
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("feedback"))],
    cursor: Cursor = None,
    since: Annotated[UtcDatetime | None, Query(description="Reviewed then or later.")] = None,
    limit: Annotated[
        int | None, Query(ge=1, le=5000, description="Most lines; without it all of them come.")
    ] = None,
) -> Response:
    """Return the newest verdict of each photo in each case, oldest first.

    Photos whose original was deleted are left out: nothing can be learnt without them.
    """
    if limit is None:
        return _answer_all(stream_lines(services, principal, since, cursor))
    return _answer_page(read_page(services, principal, since=since, cursor=cursor, limit=limit))


@router.get(
    "/feedback/words",
    operation_id="export_words",
    summary="What reporters said of findings, as JSON Lines",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Lines of `report`, `finding`, `label`, `score`, `model`, `right` and "
            "`at`. Hints of whoever sent the photo, never verdicts. They name no person.",
            "content": {LINES_TYPE: {"schema": {"type": "string"}}},
            "headers": _NEXT_CURSOR,
        },
        **problem_responses(401, 403, 422, 429, 503),
    },
)
def export_words(
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("feedback"))],
    cursor: Cursor = None,
    since: Annotated[UtcDatetime | None, Query(description="Said then or later.")] = None,
    limit: Annotated[
        int | None, Query(ge=1, le=5000, description="Most lines; without it all of them come.")
    ] = None,
) -> Response:
    """Return each reporter's last word on each finding, oldest first; a changed one comes again."""
    if limit is None:
        return _answer_all(stream_words(services, principal, since, cursor))
    return _answer_page(read_words(services, principal, since=since, cursor=cursor, limit=limit))


def _answer_all(lines: Iterator[str]) -> Response:
    # The first batch is read here, so that trouble is still answered as a problem.
    first = next(lines)
    return StreamingResponse(itertools.chain([first], lines), media_type=LINES_TYPE)


def _answer_page(page: LinePage) -> Response:
    headers = {} if page.cursor is None else {"Next-Cursor": page.cursor}
    content = "".join(f"{line}\n" for line in page.lines)
    return Response(content, media_type=LINES_TYPE, headers=headers)


def _read_body(body: VerdictBody) -> NewVerdict:
    return NewVerdict(
        photo_sha256=body.photo_sha256,
        findings=tuple(
            FindingWord(one.finding_id, one.verdict, one.right_label, one.right_box_xyxy)
            for one in body.findings
        ),
        added=tuple(AddedBox(one.label, one.box_xyxy) for one in body.added),
        reviewed=body.reviewed,
        role=body.reviewer_role,
    )


def _answer(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "case_id": verdict.case_id,
        "photo_sha256": verdict.photo_sha256,
        "reviewed_at": verdict.at,
        "reviewer_role": verdict.role,
    }
