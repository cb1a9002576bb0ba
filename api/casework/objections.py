"""A reporter says that something is not solved: its case begins again, or a person reads it."""

from typing import Final

from api.cases.case import Case
from api.casework.following import OBJECTIONABLE, find_numbered, has_objected, lock_report
from api.casework.ledger import make_event, record_note
from api.casework.moving import MoveOrder, make_recorded_move, reopened_until
from api.errors import ConflictError, NotFoundError
from api.ids import new_id
from api.services import Services
from api.store.case_reports import speaks_for
from api.store.cases import get_case, get_cases
from api.store.objections import Objection, Outcome, insert_objection, newest_objections
from api.store.reports import list_cases_of

ACTOR: Final = "citizen"
REASON: Final = "市民反映未解决 / a citizen says that it is not solved"
"""The reporter's own words stand beside the history, not in it, so that they can be erased."""


def object_to(services: Services, report_id: str, number: str, note: str | None) -> Objection:
    """Say that the problem of a report's case is still there.

    What was closed is reopened; what was dismissed stays so, and its history says that somebody
    disagrees.

    Raises:
        NotFoundError: There is no such report, or it has no case of this number.
        GoneError: The report was erased.
        ConflictError: The case is still worked on, ended too long ago, or the report's sender has
            objected to this end of it already.
    """
    now = services.clock()
    with services.database.write() as connection:
        # The report before the case: in the order in which scoring and erasure lock them.
        lock_report(connection, report_id)
        known = get_cases(connection, list_cases_of(connection, report_id))
        case_id = find_numbered(tuple(known.values()), number).id
        case = get_case(connection, case_id, lock=True)
        if case is None or not speaks_for(connection, case_id, report_id):  # Regrouped just now.
            raise NotFoundError("case of this report", number)
        _check_open_to(services, case)
        before = newest_objections(connection, report_id, [case_id]).get(case_id)
        if has_objected(case, before):
            raise ConflictError(
                "objected_already",
                f"You have said already that case {number} is not solved.",
                "A person reads it; nothing more is needed.",
            )
        outcome: Outcome = "noted" if case.state == "dismissed" else "reopened"
        objection = Objection(new_id(), report_id, case_id, now, note, outcome)
        insert_objection(connection, objection)
        details = {"objection": objection.id}
        if outcome == "reopened":
            order = MoveOrder("reopen", REASON, details=details)
            make_recorded_move(services, connection, case, order, actor=ACTOR, at=now)
        else:
            event = make_event(
                case,
                "objected",
                at=now,
                actor=ACTOR,
                before=case,
                reason=REASON,
                details=details,
            )
            record_note(connection, case, event)
    return objection


def _check_open_to(services: Services, case: Case) -> None:
    if case.state not in OBJECTIONABLE:
        raise ConflictError(
            "still_open",
            f"Case {case.number} has not ended: it is still worked on.",
            "Wait until it is closed.",
        )
    until = reopened_until(services, case)
    if until is not None and services.clock() > until:
        raise ConflictError(
            "objection_too_late",
            f"Case {case.number} ended over {services.rules.reopen_days} days ago.",
            "Report the problem again with a new photo: that opens a new case.",
        )
