"""Which reports belong to which case: people merge cases that are one, and split what is two.

What people decided is kept: nothing puts reports back by itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from api.cases.case import Case, make_move
from api.casework.ledger import make_event, record_change
from api.casework.moving import check_reach, check_running, check_version, find_case
from api.errors import InvalidError
from api.intake.opening_cases import Known, Sighting, absorb, recount, start_case
from api.principal import Principal
from api.services import Services
from api.store.case_reports import (
    CaseReport,
    JoinReason,
    add_report,
    list_reports,
    read_reports,
    reindex_photos,
    remove_reports,
)
from api.store.cases import insert_case
from api.store.reports import Report
from api.store.verdicts import pass_verdicts


def merge_case(
    services: Services,
    principal: Principal,
    case_id: str,
    into_id: str,
    *,
    reason: str | None = None,
    version: int | None = None,
    into_version: int | None = None,
) -> Case:
    """Let a case end in another: its reports speak for that one from now on.

    Returns:
        The case that goes on.

    Raises:
        NotFoundError: The key sees no such case.
        IllegalMoveError: The case has ended.
        ConflictError: The other has ended, or one has changed since it was seen.
        InvalidError: A case cannot be merged into itself.
    """
    if case_id == into_id:
        raise InvalidError("merge_into_itself", "A case cannot be merged into itself.")
    now = services.clock()
    with services.database.write() as connection:
        # Before any row, as whoever opens or joins cases does: else both might wait for ever.
        services.database.serialise(connection, "cases")
        for locked in sorted((case_id, into_id)):
            find_case(connection, principal, locked, lock=True)
        case = find_case(connection, principal, case_id)
        into = find_case(connection, principal, into_id)
        check_version(case, version)
        check_version(into, into_version)
        merged = replace(make_move(case, "merge", at=now, reason=reason), merged_into=into.id)
        check_running(into)
        moving = list_reports(connection, case.id)
        _pass_reports(connection, moving, into, now, "merged")
        merged_event = make_event(
            merged,
            "merge",
            at=now,
            actor=principal.actor,
            before=case,
            reason=reason,
            details={"into": into.id, "reports": [one.report_id for one in moving]},
        )
        record_change(services, connection, recount(services, connection, merged), merged_event)
        known = Known(
            case.label, case.severity, case.photo_sha256, case.lat, case.lon, case.address
        )
        grown = absorb(services, connection, replace(into, version=into.version + 1), known)
        event = make_event(
            grown,
            "merged_in",
            at=now,
            actor=principal.actor,
            before=into,
            reason=reason,
            details={"from": case.id, "number": case.number},
        )
        record_change(services, connection, grown, event, left_grid=into.grid_code)
        reindex_photos(connection, grown.id)
    return grown


def split_case(
    services: Services,
    principal: Principal,
    case_id: str,
    report_ids: Sequence[str],
    *,
    reason: str | None = None,
    version: int | None = None,
) -> Case:
    """Let some of a case's reports open a case of their own.

    Returns:
        The new case, collected.

    Raises:
        NotFoundError: The key sees no such case.
        ConflictError: The case has ended, or has changed since it was seen.
        ForbiddenError: One of the two would lie outside the key's grid cells.
        InvalidError: A report is none of the case's, or none would be left.
    """
    now = services.clock()
    with services.database.write() as connection:
        services.database.serialise(connection, "cases")
        case = find_case(connection, principal, case_id, lock=True)
        check_version(case, version)
        check_running(case)
        pairs = read_reports(connection, case.id)
        wanted = set(report_ids)
        going = [pair for pair in pairs if pair[1].id in wanted]
        staying = [pair for pair in pairs if pair[1].id not in wanted]
        if not going or not staying or len(going) != len(wanted):
            raise InvalidError(
                "split_reports",
                "Name some of the case's reports, and leave at least one.",
                "GET /v1/cases/{id} lists them.",
            )
        new = _start_from(services, connection, case, [report for _, report in going], now)
        check_reach(principal, new.grid_code)
        insert_case(connection, new)
        _pass_reports(connection, [joined for joined, _ in going], new, now, "split")
        counted = recount(services, connection, replace(new, version=new.version + 1))
        moved = [report.id for _, report in going]
        opened = make_event(
            counted,
            "split",
            at=now,
            actor=principal.actor,
            reason=reason,
            details={"from": case.id, "reports": moved},
        )
        record_change(services, connection, counted, opened)
        rest = _without(
            services,
            replace(case, version=case.version + 1),
            [report for _, report in going],
            [report for _, report in staying],
        )
        check_reach(principal, rest.grid_code)  # Else it would be out of sight, unseen.
        rest = recount(services, connection, rest)
        rest_event = make_event(
            rest,
            "split_off",
            at=now,
            actor=principal.actor,
            before=case,
            reason=reason,
            details={"to": new.id, "reports": moved},
        )
        record_change(services, connection, rest, rest_event, left_grid=case.grid_code)
        reindex_photos(connection, new.id)
        reindex_photos(connection, rest.id)
    return counted


def _start_from(
    services: Services,
    connection: Connection,
    case: Case,
    reports: Sequence[Report],
    now: datetime,
) -> Case:
    """Return a new case for reports of another: with the first place and photo among them."""
    first = next((report for report in reports if report.lat is not None), reports[0])
    new = start_case(services, connection, first, Sighting(case.label), now)
    photo = next((one.photo_sha256 for one in reports if one.photo_sha256 is not None), None)
    return replace(new, severity=case.severity, photo_sha256=new.photo_sha256 or photo)


def _without(
    services: Services, case: Case, going: Sequence[Report], staying: Sequence[Report]
) -> Case:
    """Return a case without the photo and the place that it has from reports that go."""
    photos = [one.photo_sha256 for one in staying if one.photo_sha256 is not None]
    if case.photo_sha256 not in photos:
        case = replace(case, photo_sha256=photos[0] if photos else None)
    here = (case.lat, case.lon)
    placed = [(one.lat, one.lon) for one in staying if one.lat is not None and one.lon is not None]
    if here in [(one.lat, one.lon) for one in going] and here not in placed and placed:
        lat, lon = placed[0]
        cell = None if lat is None or lon is None else services.grid.find(lat, lon)
        case = replace(case, lat=lat, lon=lon, grid_code=cell)
    return case


def _pass_reports(
    connection: Connection,
    moving: Sequence[CaseReport],
    target: Case,
    now: datetime,
    why: JoinReason,
) -> None:
    if not moving:
        return
    source, moved = moving[0].case_id, [one.report_id for one in moving]
    remove_reports(connection, source, moved)
    there = {one.report_id for one in list_reports(connection, target.id)}
    for one in moving:
        if one.report_id not in there:
            add_report(connection, replace(one, case_id=target.id, joined_at=now, why=why))
    pass_verdicts(connection, source, target.id, moved)
