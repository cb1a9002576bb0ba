"""Durable scoring: what an upload could not wait for is scored as soon as a worker is free."""

import logging
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.places import to_wgs84
from api.errors import ApiError, BusyError, NotFoundError, ScoringError, StorageError
from api.intake.accepting import HOLD_MARGIN_S, describe_report
from api.intake.opening_cases import find_grid_code, open_cases
from api.scoring.base import Scored
from api.services import Services
from api.store.jobs import ClaimedJob, claim_jobs, finish_job, postpone_job
from api.store.outbox import TYPE_PREFIX, record_event
from api.store.photos import describe_photo
from api.store.reports import Report, ReportState, get_report, save_score
from api.store.shadow import insert_shadow_score
from detector.detections import Finding
from detector.score_json import score_to_json

logger = logging.getLogger(__name__)

IDLE_S: Final = 2.0
"""How soon a job that another replica gave back is seen."""
MOST_ATTEMPTS: Final = 4
"""A photo that killed a worker so often is left to a person's eyes."""
RETRY_S: Final = 5.0
"""Half the first pause after a failure; it doubles."""
LONGEST_RETRY_S: Final = 600.0
FULL_S: Final = 0.2
"""How soon to look again when every place is taken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job."""

    report: Report
    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]


def score_step(services: Services) -> float:
    """Score reports that wait, as many at a time as there is room for: a background loop's step.

    Returns:
        Seconds until it makes sense to look again.
    """
    if not services.pool.has_room():
        return FULL_S
    started: list[tuple[ClaimedJob, Future[Scored]]] = []
    idle = False
    # One by one: of several that were claimed at once some might find no room any more.
    while len(started) < services.settings.workers and services.pool.has_room() and not idle:
        claimed = _claim(services)
        idle = not claimed
        for job in claimed:
            future = _start(services, job)
            if future is not None:
                started.append((job, future))
    for job, future in started:
        finish_scoring(services, job, future)
    return IDLE_S if idle and not started else 0.0


def start_scoring(services: Services, report_id: str, data: bytes) -> "Future[Scored]":
    """Hand a report's photo to the workers, and time them.

    Raises:
        BusyError: Every place is taken.
    """
    started = time.perf_counter()
    future = services.pool.score(data, report_id)
    future.add_done_callback(
        lambda _: services.metrics.score_seconds.observe(time.perf_counter() - started)
    )
    return future


def finish_scoring(services: Services, job: ClaimedJob, future: "Future[Scored]") -> Outcome | None:
    """Wait for a photo's score and write what follows from it.

    Returns:
        None: it could not be scored now, or another replica has the job; the job sees to it.

    Raises:
        StorageError: The database does not answer; when the hold ends the job is tried again.
    """
    try:
        scored = future.result()
    except ScoringError as error:
        return _fail(services, job, error)
    except BusyError as error:  # The pool is closing down.
        _give_back(services, job, error)
        return None
    try:
        return apply_scored(services, job, scored)
    except ApiError:
        raise  # The database does not answer.
    except Exception as error:  # One report that cannot be written must not hold up the others.
        logger.error("a score could not be written", exc_info=error)
        return _fail(services, job, ScoringError("internal", "The score could not be kept."))


def apply_scored(services: Services, job: ClaimedJob, scored: Scored) -> Outcome | None:
    """Write a photo's score and the cases that follow, in one transaction.

    Returns:
        None: the job is finished already, or another replica has it.
    """
    score = scored.score
    with services.database.write() as connection:
        if not finish_job(connection, job.report_id, job.claim):
            return None
        report = _get(connection, job.report_id)
        state: ReportState = "scored"
        if score.error is not None:
            state = "unscored" if score.error.code in _FAULTS_OF_OURS else "unreadable"
        report = replace(
            _placed_by_photo(report, scored),
            state=state,
            score=score_to_json(score, context=True),
            scored_at=services.clock(),
        )
        save_score(connection, report)
        if report.photo_sha256 is not None:
            describe_photo(
                connection,
                report.photo_sha256,
                image_wh=score.image_wh,
                captured_at=captured_at(services, scored),
                perceptual_hash=scored.perceptual_hash,
                plates=[one.box_xyxy for one in score.context if one.label == "licence_plate"],
            )
        if scored.shadow is not None:
            insert_shadow_score(connection, report.id, services.clock(), scored.shadow)
        cases = open_cases(services, connection, report, score.findings, scored.perceptual_hash)
        _tell(services, connection, report, cases)
    if report.photo_sha256 is not None and score.error is None:
        services.pictures_ahead.add(report.photo_sha256)
    return Outcome(report, cases, score.findings)


def captured_at(services: Services, scored: Scored) -> datetime | None:
    """Return when a photo was taken, in UTC.

    A camera that wrote no zone stands in the bureau's, for all that is known; a time out of the
    calendar, which some write before they are set, is none.
    """
    at = scored.score.facts.captured_at
    if at is None:
        return None
    try:
        zoned = at if at.tzinfo is not None else at.replace(tzinfo=services.rules.timezone)
        return zoned.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


_FAULTS_OF_OURS: Final = frozenset({"inference_failed", "internal"})
"""Codes of detector.errors that say nothing against the photo."""


def _claim(services: Services) -> tuple[ClaimedJob, ...]:
    now = services.clock()
    until = now + timedelta(seconds=services.settings.score_timeout_s + HOLD_MARGIN_S)
    with services.database.write() as connection:
        return claim_jobs(connection, now, until, 1)


def _start(services: Services, job: ClaimedJob) -> "Future[Scored] | None":
    with services.database.read() as connection:
        report = _get(connection, job.report_id)
    try:
        data = services.photos.get(report.photo_sha256 or "")
    except NotFoundError as error:  # Erased, or lost: nothing to score, but still a report.
        _give_up(services, job, error)
        return None
    except ApiError as error:
        _fail(services, job, error)
        return None
    try:
        return start_scoring(services, report.id, data)
    except BusyError as error:
        _give_back(services, job, error)
        return None


def _fail(services: Services, job: ClaimedJob, error: ApiError) -> Outcome | None:
    logger.warning(
        "a report could not be scored",
        extra={"report": job.report_id, "code": error.code, "attempts": job.attempts},
    )
    # A photo store that is away comes back; a photo that is damaged stays so.
    is_away = isinstance(error, StorageError) and error.code != "photo_damaged"
    if job.attempts >= MOST_ATTEMPTS and not is_away:
        return _give_up(services, job, error)
    pause_s = min(RETRY_S * 2 ** min(job.attempts, 10), LONGEST_RETRY_S)
    run_at = services.clock() + timedelta(seconds=pause_s)
    with services.database.write() as connection:
        postpone_job(connection, job.report_id, job.claim, run_at, error.code)
    return None


def _give_up(services: Services, job: ClaimedJob, error: ApiError) -> Outcome | None:
    """No model can tell: the report becomes a case for a person's eyes all the same."""
    with services.database.write() as connection:
        if not finish_job(connection, job.report_id, job.claim):
            return None
        failure: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
        report = replace(
            _get(connection, job.report_id),
            state="unscored",
            score={"error": failure, "findings": []},
            scored_at=services.clock(),
        )
        save_score(connection, report)
        cases = open_cases(services, connection, report)
        _tell(services, connection, report, cases)
    return Outcome(report, cases, ())


def _give_back(services: Services, job: ClaimedJob, error: ApiError) -> None:
    """Nobody tried: there was no room."""
    run_at = services.clock() + timedelta(seconds=FULL_S)
    with services.database.write() as connection:
        postpone_job(connection, job.report_id, job.claim, run_at, error.code, tried=False)


def _get(connection: Connection, report_id: str) -> Report:
    report = get_report(connection, report_id, lock=True)
    if report is None:
        raise NotFoundError("report", report_id)
    return report


def _placed_by_photo(report: Report, scored: Scored) -> Report:
    """Take the place from the photo where the reporter sent none; EXIF is WGS-84."""
    position = scored.score.facts.position
    if report.lat is not None or position is None or report.erased_at is not None:
        return report
    place = to_wgs84(position.lat, position.lon, "wgs84")
    return replace(report, lat=place.lat, lon=place.lon, datum="wgs84", position_from="exif")


def _tell(
    services: Services, connection: Connection, report: Report, cases: tuple[Case, ...]
) -> None:
    record_event(
        connection,
        type=f"{TYPE_PREFIX}.report.scored",
        subject=f"reports/{report.id}",
        grid_code=find_grid_code(services, report),
        at=services.clock(),
        data={"report": describe_report(report), "cases": [case.id for case in cases]},
    )
