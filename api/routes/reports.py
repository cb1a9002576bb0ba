"""Reports: hand one in, and follow what becomes of it."""

import asyncio
import contextlib
import logging
from concurrent.futures import Future
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.cases.case import Source
from api.casework.following import Followed, FollowedCase, follow
from api.casework.moving import check_label
from api.errors import ApiError, BusyError, ForbiddenError
from api.http.deps import get_services, limit_address, report_or_none
from api.http.problems import problem_responses
from api.http.uploads import read_upload, upload_body
from api.intake.accepting import Accepted, NewReport, accept_report, check_follow_token
from api.intake.scoring import Outcome, finish_scoring, start_scoring
from api.principal import Principal
from api.schemas.reports import (
    AcceptedAnswer,
    ReportAnswer,
    ReportForm,
    show_accepted,
    show_report,
)
from api.schemas.types import IdPath
from api.scoring.base import Scored
from api.services import Services
from api.store.jobs import ClaimedJob, postpone_job

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Service = Annotated[Services, Depends(get_services)]
Reporter = Annotated[Principal | None, Depends(report_or_none)]


@router.post(
    "",
    operation_id="create_report",
    summary="Report a problem with a photo",
    status_code=202,
    responses=problem_responses(401, 403, 408, 409, 413, 415, 422, 429, 503, 507),
    openapi_extra=upload_body(ReportForm) | {"security": [{}]},  # Or no key at all.
)
async def create_report(
    request: Request,
    response: Response,
    services: Service,
    principal: Reporter,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]*$",
            description="Made once for each report; sending it again makes no second report.",
        ),
    ] = None,
) -> AcceptedAnswer:
    """The report is kept before this answers; only failing storage refuses it.

    Where a worker is free the photo is scored at once and the answer carries the findings; else it
    is `waiting`, and scored as soon as one is. A report is never dropped because a model sees
    nothing: then a person looks.

    Where the service is set so (`citizen_page`), no key is needed; then an address may report so
    many times an hour (`citizen_reports_per_hour`).
    """
    upload = await read_upload(request, ReportForm)
    form = upload.form
    new = NewReport(
        source=_choose_source(principal, form.source),
        photo=upload.photo.data,
        file_name=upload.photo.file_name,
        label=form.label,
        note=form.note,
        contact=form.contact(),
        lat=form.lat,
        lon=form.lng,
        accuracy_m=form.accuracy_m,
        datum=form.datum,
        address=form.address,
        key_id=None if principal is None else principal.id,
        idempotency_key=idempotency_key,
    )
    if form.label is not None:
        check_label(services, form.label)
    score_now = services.pool.has_room()
    accepted = await run_in_threadpool(accept_report, services, new, score_now=score_now)
    outcome = None
    if accepted.claim is not None:
        outcome = await _score_at_once(services, accepted, new.photo or b"")
    response.headers["Location"] = f"/v1/reports/{accepted.report.id}"
    if outcome is not None:
        opened = tuple(FollowedCase(case) for case in outcome.cases)
        return show_accepted(Followed(outcome.report, opened), accepted.follow_token)
    followed = await run_in_threadpool(follow, services, accepted.report.id)
    return show_accepted(followed, accepted.follow_token)


@router.get(
    "/{report_id}",
    operation_id="follow_report",
    summary="Follow a report",
    responses=problem_responses(404, 422, 429, 503),
    dependencies=[Depends(limit_address)],
)
def follow_report(
    services: Service,
    report_id: IdPath,
    x_follow_token: Annotated[str | None, Header(max_length=200)] = None,
    token: Annotated[
        str | None, Query(max_length=200, description="In place of the header, for links.")
    ] = None,
) -> ReportAnswer:
    """What became of a report, for whoever holds the token that its reporter got."""
    check_follow_token(services, report_id, x_follow_token or token or "")
    return show_report(follow(services, report_id))


def _choose_source(principal: Principal | None, named: Source | None) -> Source:
    """Return whose report it is: an operator may pass on what others say, a citizen's app not."""
    if principal is None:
        if named not in (None, "citizen"):
            raise ForbiddenError(
                "source_forbidden",
                "Without a key one reports as a citizen.",
                "Leave `source` out, or send a key.",
            )
        return "citizen"
    if principal.role not in ("operator", "admin"):
        if named not in (None, "citizen"):
            raise ForbiddenError(
                "source_forbidden",
                f"A key with the role {principal.role!r} reports for citizens alone.",
                "Leave `source` out.",
            )
        return "citizen"
    return named or ("inspector" if principal.role == "operator" else "citizen")


async def _score_at_once(services: Services, accepted: Accepted, data: bytes) -> Outcome | None:
    """Score a photo that is kept already, as long as the reporter may be kept waiting.

    Returns:
        None: there was no room or no time; the background sees to it.
    """
    job = ClaimedJob(accepted.report.id, attempts=0, claim=accepted.claim or 0)
    try:
        future = start_scoring(services, accepted.report.id, data)
    except BusyError:  # Somebody else took the place: the background takes the job at once.
        await run_in_threadpool(_give_back, services, job)
        return None
    scoring = asyncio.ensure_future(_finish(services, job, future))
    scoring.add_done_callback(_log_failure)
    await asyncio.wait({scoring}, timeout=services.settings.report_wait_s)
    return scoring.result() if scoring.done() and scoring.exception() is None else None


async def _finish(services: Services, job: ClaimedJob, future: "Future[Scored]") -> Outcome | None:
    """Wait without a thread of the server's, which others need; then write what came of it."""
    with contextlib.suppress(ApiError):  # `finish_scoring` sees to it.
        await asyncio.wrap_future(future)
    return await run_in_threadpool(finish_scoring, services, job, future)


def _log_failure(scoring: "asyncio.Future[Outcome | None]") -> None:
    """The report itself is safe: its job is tried again when the hold ends."""
    if not scoring.cancelled() and (error := scoring.exception()) is not None:
        logger.error("a report was not scored at once", exc_info=error)


def _give_back(services: Services, job: ClaimedJob) -> None:
    with services.database.write() as connection:
        postpone_job(connection, job.report_id, job.claim, services.clock(), None)
