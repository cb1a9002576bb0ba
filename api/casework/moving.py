"""What people do with one case: move it through its life cycle, and correct it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from api.cases.case import Case, make_move
from api.cases.deadlines import reckon
from api.cases.places import to_wgs84
from api.cases.states import MOVES, MoveName
from api.casework.ledger import make_event, record_change
from api.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from api.intake.opening_cases import recount
from api.principal import Principal
from api.services import Services
from api.store.case_reports import reindex_photos
from api.store.cases import get_case, newest_of
from detector.photo_facts import Datum


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """What somebody wants of a case."""

    move: MoveName
    reason: str | None = None
    version: int | None = None
    """The case as they saw it; None: whatever it is now."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Kept in the history, such as the unit that it is dispatched to."""


def find_case(
    connection: Connection, principal: Principal, case_id: str, *, lock: bool = False
) -> Case:
    """Return a case that a key may see.

    Raises:
        NotFoundError: There is none, or it lies outside the key's grid cells.
    """
    case = get_case(connection, case_id, lock=lock)
    if case is None or not principal.sees(case.grid_code):
        raise NotFoundError("case", case_id)
    return case


def move_case(services: Services, principal: Principal, case_id: str, order: MoveOrder) -> Case:
    """Make a move of the life cycle.

    Raises:
        NotFoundError: The key sees no such case.
        ForbiddenError: The key may not make this move.
        IllegalMoveError: The case cannot make it from its state.
        InvalidError: The move needs a reason.
        ConflictError: The case has changed since it was seen.
    """
    check_may_move(principal, order.move)
    if order.move == "merge":
        raise InvalidError(
            "merge_elsewhere", "A merge needs another case.", "Use POST /v1/cases/{id}/merge."
        )
    now = services.clock()
    with services.database.write() as connection:
        case = find_case(connection, principal, case_id, lock=True)
        return make_recorded_move(services, connection, case, order, actor=principal.actor, at=now)


def make_recorded_move(
    services: Services,
    connection: Connection,
    case: Case,
    order: MoveOrder,
    *,
    actor: str,
    at: datetime,
) -> Case:
    """Make a move of a case that is locked already, whoever has the right to it.

    Raises:
        IllegalMoveError: The case cannot make it from its state.
        InvalidError: The move needs a reason.
        ConflictError: The case has changed since it was seen, or ended too long ago to be reopened.
    """
    check_version(case, order.version)
    moved = make_move(case, order.move, at=at, reason=order.reason)
    if order.move in ("check", "close"):
        _check_proof(connection, case, order.move, order.reason)
    if order.move == "reopen":
        _check_reopening(services, case, at)
    moved = _set_clocks(services, moved, order.move, at)
    event = make_event(
        moved,
        order.move,
        at=at,
        actor=actor,
        before=case,
        reason=order.reason,
        details=order.details,
    )
    record_change(services, connection, moved, event)
    if order.move == "reopen":
        reindex_photos(connection, moved.id)
    return moved


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person knows better; None: stays as it is."""

    label: str | None = None
    lat: float | None = None
    lon: float | None = None
    datum: Datum = "wgs84"
    address: str | None = None
    reason: str | None = None
    version: int | None = None


def correct_case(
    services: Services, principal: Principal, case_id: str, correction: Correction
) -> Case:
    """Change what a case says of itself, without moving it.

    Raises:
        NotFoundError: The key sees no such case.
        InvalidError: The label is none of the rules', or the position makes no sense.
        ForbiddenError: The position lies outside the key's grid cells.
        ConflictError: The case has ended, or has changed since it was seen.
    """
    now = services.clock()
    with services.database.write() as connection:
        case = find_case(connection, principal, case_id, lock=True)
        check_version(case, correction.version)
        check_running(case)
        changed = replace(case, version=case.version + 1)
        if correction.label is not None:
            check_label(services, correction.label)
            code = services.rules.event_for(correction.label).code
            changed = replace(changed, label=correction.label, event_code=code)
        if correction.lat is not None and correction.lon is not None:
            place = to_wgs84(correction.lat, correction.lon, correction.datum)
            if (place.lat, place.lon) != (case.lat, case.lon):  # Else it keeps the cell it has.
                cell = services.grid.find(place.lat, place.lon)
                check_reach(principal, cell)
                changed = replace(changed, lat=place.lat, lon=place.lon, grid_code=cell)
        if correction.address is not None:
            changed = replace(changed, address=correction.address)
        changed = recount(services, connection, changed)
        details = {
            name: {"from": getattr(case, name), "to": getattr(changed, name)}
            for name in ("label", "event_code", "lat", "lon", "grid_code")
            if getattr(case, name) != getattr(changed, name)
        }
        event = make_event(
            changed,
            "corrected",
            at=now,
            actor=principal.actor,
            before=case,
            reason=correction.reason,
            details=details,
        )
        record_change(services, connection, changed, event, left_grid=case.grid_code)
    return changed


def check_may_move(principal: Principal, name: MoveName) -> None:
    """Check that a key may make a move at all.

    Raises:
        ForbiddenError: Its role may not.
    """
    move = MOVES[name]
    if not principal.may(move.right):
        raise ForbiddenError(
            "move_forbidden",
            f"A key with the role {principal.role!r} cannot make the move {name!r}.",
            f"It takes the right {move.right!r}.",
        )


def check_label(services: Services, label: str) -> None:
    """Check that a label is one that cases may have.

    Raises:
        InvalidError: It is not.
    """
    if label not in services.rules.events:
        known = ", ".join(services.rules.events)
        raise InvalidError("label_unknown", f"There is no label {label!r}.", f"Known: {known}.")


def check_reach(principal: Principal, grid_code: str | None) -> None:
    """Check that a key may put a case into a place.

    Raises:
        ForbiddenError: The place lies outside its grid cells.
    """
    if not principal.sees(grid_code):
        raise ForbiddenError(
            "place_out_of_reach",
            "This place lies outside the grid cells of your key.",
            "Ask whoever is responsible there.",
        )


def check_version(case: Case, version: int | None) -> None:
    """Check that a case is still as somebody saw it.

    Raises:
        ConflictError: It has changed.
    """
    if version is not None and version != case.version:
        raise ConflictError(
            "case_changed",
            f"Case {case.number} is at version {case.version}, not {version}: it has changed.",
            "Read it again, then decide.",
        )


def check_running(case: Case) -> None:
    """Check that a case has not ended.

    Raises:
        ConflictError: It has.
    """
    if case.ended_at is not None:
        raise ConflictError(
            "case_ended",
            f"Case {case.number} is {case.state}.",
            "Reopen it first, or use another case.",
        )


def _check_proof(connection: Connection, case: Case, move: MoveName, reason: str | None) -> None:
    """Who passes a case without an after-photo that proves it, or against one, has to say why.

    Only after-photos since the case was last dispatched count, and for closing, since the check.
    """
    if reason and reason.strip():
        return
    outcome = None
    for last in newest_of(connection, case.id, ("dispatch", "after_photo", "check")):
        outcome = last.details.get("outcome") if last.action == "after_photo" else None
    if outcome == "not_resolved":
        raise InvalidError(
            "reason_missing",
            "The closing check found that this is not resolved.",
            "Send it back, or say why it is resolved all the same.",
        )
    if move == "check" and outcome is None:
        raise InvalidError(
            "reason_missing",
            "No after-photo was handed in since the case was dispatched.",
            "Ask for one, or say how you know that it is resolved.",
        )


def reopened_until(services: Services, case: Case) -> datetime | None:
    """Return until when a case may be reopened; None: it has not ended."""
    if case.ended_at is None:
        return None
    return case.ended_at + timedelta(days=services.rules.reopen_days)


def _check_reopening(services: Services, case: Case, now: datetime) -> None:
    days = services.rules.reopen_days
    until = reopened_until(services, case)
    if until is not None and now > until:
        raise ConflictError(
            "reopen_too_late",
            f"Case {case.number} ended over {days} days ago.",
            "Report the problem again: that opens a new case.",
        )


def _set_clocks(services: Services, case: Case, move: MoveName, now: datetime) -> Case:
    """Set the deadlines that a move starts or ends."""
    if move == "dispatch":
        limit = services.rules.handling_for(case.label, case.severity)
        deadline = reckon(limit, now, services.calendar)
        return replace(case, due_at=deadline.at, due_note=deadline.note)
    if move in ("recall", "reopen"):
        case = replace(case, due_at=None, due_note=None)
    if move == "reopen":
        return replace(case, review_due_at=reckon(services.rules.review, now, services.calendar).at)
    return case
