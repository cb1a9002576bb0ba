"""Which reports belong to which case: people merge cases that are one, and split what is two.

What people decided is kept: nothing puts reports back by itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from api.cases.case import Case, make_move
from api.casework.ledger import make_event, record_change
from api.casework.moving import check_running, check_version, find_case, index_photos
from api.errors import InvalidError, NotFoundError
from api.intake.opening_cases import Sighting, recount, start_case
from api.principal import Principal
from api.services import Services
from api.store.cases import (
    CaseReport,
    JoinReason,
    add_report,
    insert_case,
    list_reports,
    remove_reports,
)
from api.store.reports import get_report


def merge_case(
    services: Services,
    principal: Principal,
    case_id: str,
    into_id: str,
    *,
    reason: str | None = None,
    version: int | None = None,
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
        grown = recount(services, connection, replace(into, version=into.version + 1))
        if grown.lat is None and case.lat is not None:
            grown = replace(grown, lat=case.lat, lon=case.lon, grid_code=case.grid_code)
        event = make_event(
            grown,
            "merged_in",
            at=now,
            actor=principal.actor,
            before=into,
            reason=reason,
            details={"from": case.id, "number": case.number},
        )
        record_change(services, connection, grown, event)
        index_photos(connection, grown.id)
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
        InvalidError: A report is none of the case's, or none would be left.
    """
    now = services.clock()
    with services.database.write() as connection:
        services.database.serialise(connection, "cases")
        case = find_case(connection, principal, case_id, lock=True)
        check_version(case, version)
        check_running(case)
        joined = {one.report_id: one for one in list_reports(connection, case.id)}
        wanted = list(dict.fromkeys(report_ids))
        if not wanted or not set(wanted) < set(joined):
            raise InvalidError(
                "split_reports",
                "Name some of the case's reports, and leave at least one.",
                "GET /v1/cases/{id} lists them.",
            )
        first = get_report(connection, wanted[0])
        if first is None:
            raise NotFoundError("report", wanted[0])
        new = replace(
            start_case(services, connection, first, Sighting(case.label), now),
            severity=case.severity,
        )
        insert_case(connection, new)
        _pass_reports(connection, [joined[one] for one in wanted], new, now, "split")
        counted = recount(services, connection, replace(new, version=new.version + 1))
        opened = make_event(
            counted,
            "split",
            at=now,
            actor=principal.actor,
            reason=reason,
            details={"from": case.id, "reports": wanted},
        )
        record_change(services, connection, counted, opened)
        rest = recount(services, connection, replace(case, version=case.version + 1))
        rest_event = make_event(
            rest,
            "split_off",
            at=now,
            actor=principal.actor,
            before=case,
            reason=reason,
            details={"to": new.id, "reports": wanted},
        )
        record_change(services, connection, rest, rest_event)
        index_photos(connection, new.id)
    return counted


def _pass_reports(
    connection: Connection,
    moving: Sequence[CaseReport],
    target: Case,
    now: datetime,
    why: JoinReason,
) -> None:
    if not moving:
        return
    remove_reports(connection, moving[0].case_id, [one.report_id for one in moving])
    there = {one.report_id for one in list_reports(connection, target.id)}
    for one in moving:
        if one.report_id not in there:
            add_report(connection, replace(one, case_id=target.id, joined_at=now, why=why))
