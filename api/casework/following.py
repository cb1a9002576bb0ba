"""What somebody who holds a report's token may see and do about it; the token is the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.states import CaseState
from api.casework.moving import reopened_until
from api.errors import BusyError, GoneError, NotFoundError
from api.principal import Principal
from api.services import Services
from api.store.cases import get_cases, newest_of
from api.store.citizen_words import list_words
from api.store.closing_checks import list_checks
from api.store.objections import newest_objections
from api.store.photos import get_photo
from api.store.reports import Report, get_report, list_cases_of

OBJECTIONABLE: Final[frozenset[CaseState]] = frozenset({"dismissed", "closed", "evaluated"})
"""States of which a reporter may say that it is not solved."""
SHOWS_PROOF: Final[frozenset[CaseState]] = frozenset({"checked", "closed", "evaluated"})
"""States in which somebody has looked at the after-photo, so that its reporters may."""
READER: Final = Principal("citizen", "a reporter", "citizen-intake")
"""Sees photos everywhere: it is handed only those of the report and its cases."""


@dataclass(frozen=True, slots=True)
class FollowedCase:
    """A case of a report, and what its reporter may do about it."""

    case: Case
    may_object: bool = False
    objection_until: datetime | None = None
    """None: it has not ended, or so that nobody objects."""
    has_after_photo: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """A report as its sender follows it."""

    report: Report
    cases: tuple[FollowedCase, ...]
    words: Mapping[str, bool] = field(default_factory=dict)
    """What they said of findings, by id: whether it is right."""


def follow(services: Services, report_id: str) -> Followed:
    """Return a report and what became of it.

    Raises:
        NotFoundError: There is no such report.
    """
    with services.database.read() as connection:
        report = get_report(connection, report_id)
        if report is None:
            raise NotFoundError("report", report_id)
        cases = _read_cases(connection, report_id)
        objected = newest_objections(connection, report_id, [case.id for case in cases])
        return Followed(
            report,
            tuple(
                _follow_case(services, connection, report, case, objected.get(case.id))
                for case in cases
            ),
            list_words(connection, [report_id]).get(report_id, {}),
        )


def has_objected(case: Case, objected_at: datetime | None) -> bool:
    """Tell whether somebody has objected to the present end of a case already."""
    return objected_at is not None and case.ended_at is not None and objected_at >= case.ended_at


def lock_report(connection: Connection, report_id: str) -> Report:
    """Return a report about which its sender wants to say something; nobody else may change it.

    Raises:
        NotFoundError: There is none.
        GoneError: It was erased: nothing about its sender is kept any more.
    """
    return _check_kept(get_report(connection, report_id, lock=True), report_id)


def find_report_photo(services: Services, report_id: str) -> str:
    """Return the SHA-256 of a report's own photo, which READER may see.

    Raises:
        NotFoundError: There is no such report, or it has no photo.
        GoneError: The report was erased.
        BusyError: It waits for its score.
    """
    with services.database.read() as connection:
        report = _check_kept(get_report(connection, report_id), report_id)
    if report.photo_sha256 is None:
        raise NotFoundError("photo of report", report_id)
    if report.state == "waiting":  # Nobody knows its number plates yet.
        raise BusyError("photo_waiting", "The photo waits to be looked at.", retry_after_s=5)
    return report.photo_sha256


def find_after_photo(services: Services, report_id: str, number: str) -> str:
    """Return the SHA-256 of the after-photo of one of a report's cases, which READER may see.

    Raises:
        NotFoundError: The report has no such case, or there is no proof to be shown yet.
        GoneError: The report was erased.
    """
    with services.database.read() as connection:
        _check_kept(get_report(connection, report_id), report_id)
        case = find_numbered(_read_cases(connection, report_id), number)
        sha256 = _find_after_photo(connection, case)
    if sha256 is None:
        raise NotFoundError("after-photo of case", number)
    return sha256


def find_numbered(cases: Sequence[Case], number: str) -> Case:
    """Return the case with a number.

    Raises:
        NotFoundError: None of these.
    """
    for case in cases:
        if case.number == number:
            return case
    raise NotFoundError("case of this report", number)


def _check_kept(report: Report | None, report_id: str) -> Report:
    if report is None:
        raise NotFoundError("report", report_id)
    if report.erased_at is not None:
        raise GoneError(
            "report_erased",
            "What you sent with this report was erased.",
            "Report the problem again if it is still there.",
        )
    return report


def _read_cases(connection: Connection, report_id: str) -> tuple[Case, ...]:
    """Return the cases that a report speaks for; a merge takes it along."""
    cases = get_cases(connection, list_cases_of(connection, report_id))
    return tuple(sorted(cases.values(), key=lambda case: case.id))


def _follow_case(
    services: Services,
    connection: Connection,
    report: Report,
    case: Case,
    objected_at: datetime | None,
) -> FollowedCase:
    until = reopened_until(services, case) if case.state in OBJECTIONABLE else None
    may_object = (
        until is not None
        and services.clock() <= until
        and report.erased_at is None
        and not has_objected(case, objected_at)
    )
    sha256 = None if report.erased_at is not None else _find_after_photo(connection, case)
    shown = False
    if sha256 is not None:
        photo = get_photo(connection, sha256)
        shown = photo.original_deleted_at is None or photo.kept_sha256 is not None
    return FollowedCase(case, may_object, until, shown)


def _find_after_photo(connection: Connection, case: Case) -> str | None:
    """Return the newest after-photo since the case was last dispatched, once somebody judged it."""
    if case.state not in SHOWS_PROOF:
        return None
    for last in newest_of(connection, case.id, ("dispatch", "after_photo")):
        for check in list_checks(connection, case.id):
            if check.id == last.details.get("check"):
                return check.photo_sha256
    return None
