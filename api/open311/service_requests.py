"""Cases and reports in the words of a service request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.rules import Rules
from api.open311.words import STATUS_NOTES, WAITING, name_event, service_code
from api.principal import Principal
from api.services import Services
from api.store.cases import get_cases
from api.store.service_requests import (
    ReportWords,
    RequestFilter,
    find_cases_of,
    find_reports,
    first_words,
    follow_merges,
    list_requested,
)
from detector.labels import Language


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and how the answer is to be."""

    principal: Principal | None
    """None: the public."""
    language: Language
    extensions: bool = False

    def may_read_words(self, grid_code: str | None) -> bool:
        """Tell whether the reader may see what citizens wrote: it can name people."""
        who = self.principal
        return who is not None and who.may("read") and who.sees(grid_code)


@dataclass(frozen=True, slots=True)
class Found:
    """What an id stands for."""

    id: str
    """As it was asked for."""
    case: Case | None
    """None: a report that waits for its case."""
    report: ReportWords | None
    """None: it is the id of a case, of which nobody wrote anything."""
    is_report: bool


def list_service_requests(
    services: Services, reader: Reader, wanted: RequestFilter, *, offset: int, limit: int
) -> list[dict[str, Any]]:
    """Return cases as service requests, newest first."""
    with services.database.read() as connection:
        cases = list_requested(connection, wanted, offset=offset, limit=limit)
        words = _words_of(connection, reader, cases)
    found = [Found(case.id, case, words.get(case.id), is_report=False) for case in cases]
    return [describe_request(services.rules, reader, one) for one in found]


def find_service_requests(
    services: Services, reader: Reader, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the service requests of these ids, of cases or reports, in their order.

    Ids that do not exist are left out.
    """
    with services.database.read() as connection:
        found = _find(connection, reader, ids)
    return [describe_request(services.rules, reader, found[one]) for one in ids if one in found]


def describe_request(rules: Rules, reader: Reader, found: Found) -> dict[str, Any]:
    """Return a service request; without the words of citizens unless the reader may see them."""
    case, report = found.case, found.report
    label = case.label if case is not None else report.label if report is not None else None
    asked_at = _asked_at(found)
    said = report if reader.may_read_words(None if case is None else case.grid_code) else None
    address = None
    if said is not None or (case is not None and reader.may_read_words(case.grid_code)):
        address = (said.address if said is not None else None) or (case and case.address)
    place = case if case is not None else report
    request: dict[str, Any] = {
        "service_request_id": found.id,
        "status": "open" if case is None or case.ended_at is None else "closed",
        "status_notes": (WAITING if case is None else STATUS_NOTES[case.state]).in_language(
            reader.language
        ),
        "service_name": name_event(rules.event_for(label), reader.language),
        "service_code": service_code(label),
        "description": None if said is None else said.note,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": w3_time(asked_at, rules.timezone),
        "updated_datetime": w3_time(
            asked_at if case is None else case.ended_at or case.state_since, rules.timezone
        ),
        "expected_datetime": w3_time(None if case is None else case.due_at, rules.timezone),
        "address": address or None,
        "address_id": None,
        "zipcode": None,
        "lat": None if place is None else place.lat,
        "long": None if place is None else place.lon,
        "media_url": None if said is None else said.media_url,
    }
    if reader.extensions:
        request["extended_attributes"] = _extend(case)
    return request


def w3_time(at: datetime | None, zone: ZoneInfo) -> str | None:
    """Return a time in W3C's form with its offset, to the second, in the bureau's time zone."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def _extend(case: Case | None) -> dict[str, Any]:
    if case is None:
        return {"state": None, "number": None, "event_code": None, "reports_count": 1}
    return {
        "state": case.state,
        "number": case.number,
        "event_code": case.event_code,
        "reports_count": case.reports_count,
    }


def _asked_at(found: Found) -> datetime | None:
    if found.is_report and found.report is not None:
        return found.report.received_at
    return None if found.case is None else found.case.opened_at


def _words_of(
    connection: Connection, reader: Reader, cases: Sequence[Case]
) -> dict[str, ReportWords]:
    readable = [case.id for case in cases if reader.may_read_words(case.grid_code)]
    return first_words(connection, readable) if readable else {}


def _find(connection: Connection, reader: Reader, ids: Sequence[str]) -> dict[str, Found]:
    direct = get_cases(connection, ids)
    reports = find_reports(connection, [one for one in ids if one not in direct])
    case_ids = find_cases_of(connection, list(reports))
    of_reports = get_cases(connection, sorted({one for many in case_ids.values() for one in many}))
    cases = follow_merges(connection, direct | of_reports)
    words = _words_of(connection, reader, [cases[one] for one in direct])
    found = {
        one: Found(one, cases[one], words.get(cases[one].id), is_report=False) for one in direct
    }
    for report in reports.values():
        mine = [cases[one] for one in case_ids.get(report.id, ()) if one in cases]
        found[report.id] = Found(report.id, _choose(mine, report), report, is_report=True)
    return found


def _choose(cases: Sequence[Case], report: ReportWords) -> Case | None:
    """Of a photo that shows several problems, take the one that the reporter named."""
    named = [case for case in cases if case.label == report.label]
    return next(iter([*named, *cases]), None)
