"""A case as a value, and the moves it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from api.cases.states import ENDED, CaseState, MoveName, find_move
from api.errors import InvalidError
from detector.detections import Severity

Source = Literal["citizen", "inspector", "camera", "superior"]


@dataclass(frozen=True, slots=True)
class Case:
    """One problem in one place, however many people reported it."""

    id: str
    """UUID version 7."""
    number: str
    """What people say on the phone: year and a count, such as 2026-000123."""
    label: str | None
    """None: neither a model nor a reporter said what it is."""
    event_code: str | None
    """Of the bureau's rules."""
    state: CaseState
    source: Source
    """Of the first report."""
    lat: float | None
    """WGS-84 degrees; None: no report says where."""
    lon: float | None
    address: str | None
    grid_code: str | None
    """None: outside every cell, or no position."""
    severity: Severity | None
    """The gravest among its findings."""
    priority: int
    """The higher goes first (api.cases.priority)."""
    reports_count: int
    reporters_count: int
    """People, as far as they can be told apart."""
    photo_sha256: str | None
    """The photo shown first."""
    opened_at: datetime
    state_since: datetime
    review_due_at: datetime | None
    """When somebody should have looked at it."""
    due_at: datetime | None
    """When the unit it was dispatched to should be done."""
    due_note: str | None
    """How the deadline was reckoned, such as a year without holiday data."""
    ended_at: datetime | None
    merged_into: str | None
    version: int
    """Grows with each change: two people who change it at once do not overwrite each other."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One line of a case's history."""

    id: str
    case_id: str
    at: datetime
    actor: str
    """key:ID, citizen, or system:NAME."""
    action: str
    """A move, or opened, report_joined, split, corrected, parked, unparked, objected, …"""
    from_state: CaseState | None
    to_state: CaseState
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def make_move(case: Case, name: MoveName, *, at: datetime, reason: str | None = None) -> Case:
    """Return the case after a move, without deadlines, which rules reckon.

    Args:
        case: As it is.
        name: The move.
        at: Now.
        reason: Why; some moves need one.

    Raises:
        IllegalMoveError: It may not be made from the case's state.
        InvalidError: The move needs a reason and has none.
    """
    move = find_move(name, case.state)
    if move.needs_reason and not (reason and reason.strip()):
        raise InvalidError("reason_missing", f"The move {name!r} needs a reason.", "Say why.")
    return replace(
        case,
        state=move.target,
        state_since=at,
        ended_at=(case.ended_at or at) if move.target in ENDED else None,
        version=case.version + 1,
    )
